//! The contract suite, with the scripted model at the other side.

use std::sync::Arc;
use std::time::Duration;

use jan_domain::ports::ModelProvider;
use jan_infra::model_provider::{ProviderLimits, ProviderSettings};
use jan_tests::contract::model_provider as contract;
use jan_tests::scripted_model::ScriptedModel;

use super::{provider, settings};

async fn model_and_provider() -> (ScriptedModel, Arc<dyn ModelProvider>) {
    let model = ScriptedModel::start().await;
    let provider = provider(&settings(model.base_url()));
    (model, provider)
}

#[tokio::test]
async fn a_whole_answer_arrives() {
    let (_model, provider) = model_and_provider().await;
    contract::a_whole_answer_arrives(provider).await;
}

#[tokio::test]
async fn a_stream_arrives_in_order_and_is_done() {
    let (_model, provider) = model_and_provider().await;
    contract::a_stream_arrives_in_order_and_is_done(provider).await;
}

#[tokio::test]
async fn a_frame_does_not_wait_for_the_next() {
    let (_model, provider) = model_and_provider().await;
    contract::a_frame_does_not_wait_for_the_next(provider).await;
}

#[tokio::test]
async fn a_frame_has_a_size_limit() {
    let (_model, provider) = model_and_provider().await;
    contract::a_frame_has_a_size_limit(provider).await;
}

#[tokio::test]
async fn a_cut_stream_is_not_done() {
    let (_model, provider) = model_and_provider().await;
    contract::a_cut_stream_is_not_done(provider).await;
}

#[tokio::test]
async fn a_stream_without_done_has_none() {
    let (_model, provider) = model_and_provider().await;
    contract::a_stream_without_done_has_none(provider).await;
}

#[tokio::test]
async fn a_refusal_names_what_is_wrong() {
    let (_model, provider) = model_and_provider().await;
    contract::a_refusal_names_what_is_wrong(provider).await;
}

#[tokio::test]
async fn refused_credentials_show_no_key() {
    let (_model, provider) = model_and_provider().await;
    contract::refused_credentials_show_no_key(provider).await;
}

#[tokio::test]
async fn an_overloaded_or_broken_provider_says_so() {
    let (_model, provider) = model_and_provider().await;
    contract::an_overloaded_or_broken_provider_says_so(provider).await;
}

#[tokio::test]
async fn garbage_is_recognised_or_passed_on() {
    let (_model, provider) = model_and_provider().await;
    contract::garbage_is_recognised_or_passed_on(provider).await;
}

#[tokio::test]
async fn silence_has_an_end() {
    let model = ScriptedModel::start().await;
    let limits = ProviderLimits {
        first_byte: Duration::from_millis(600),
        first_byte_whole: Duration::from_millis(600),
        silence: Duration::from_millis(300),
        ..ProviderLimits::default()
    };
    let provider = provider(&ProviderSettings {
        limits,
        ..settings(model.base_url())
    });
    contract::silence_has_an_end(provider).await;
}

#[tokio::test]
async fn embeddings_pass_through() {
    let (_model, provider) = model_and_provider().await;
    contract::embeddings_pass_through(provider).await;
}

/// With the default limits: here the dropping has to end the calls, not our patience.
#[tokio::test]
async fn a_dropped_call_stops_upstream() {
    let model = ScriptedModel::start().await;
    let provider = provider(&ProviderSettings::new("scripted", model.base_url()));
    contract::a_dropped_call_stops_upstream(provider, |count| model.until_cancelled(count)).await;
    assert_eq!(model.in_flight(), 0);
}
