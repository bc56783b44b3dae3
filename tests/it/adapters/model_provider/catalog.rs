//! Which provider serves which model, while providers come and go.

use std::sync::Arc;
use std::time::Duration;

use jan_domain::ports::{ChatAnswer, ModelCatalog};
use jan_infra::model_provider::{ModelSetting, ProviderCatalog, ProviderSettings};
use jan_tests::contract::model_provider::call;
use jan_tests::late_port::LatePort;
use jan_tests::scripted_model::{Options, ScriptedModel};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::settings;

async fn serving(models: &[&str]) -> ScriptedModel {
    ScriptedModel::start_with(offering(models)).await
}

fn offering(models: &[&str]) -> Options {
    let models = models.iter().map(|&model| model.to_owned()).collect();
    Options {
        models,
        embedding_model: "embed".to_owned(),
        ..Options::default()
    }
}

fn named(name: &str, model: &ScriptedModel) -> ProviderSettings {
    ProviderSettings {
        name: name.to_owned(),
        ..settings(model.base_url())
    }
}

fn ids(catalog: &ProviderCatalog) -> Vec<String> {
    catalog.list().into_iter().map(|entry| entry.id).collect()
}

fn provider_of(catalog: &ProviderCatalog, model: &str) -> Option<String> {
    catalog
        .find(model)
        .map(|route| route.provider_name.to_string())
}

async fn until(what: impl Fn() -> bool) {
    let look = async {
        while !what() {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(Duration::from_secs(10), look)
        .await
        .expect("it happens");
}

#[tokio::test]
async fn the_first_provider_that_offers_a_model_serves_it() {
    let (first, second) = (serving(&["a", "b"]).await, serving(&["b", "c"]).await);
    let mut one = named("one", &first);
    one.models.push(ModelSetting {
        id: "alias".to_owned(),
        upstream: Some("a".to_owned()),
        created: 7,
        owned_by: Some("us".to_owned()),
    });
    let catalog = ProviderCatalog::try_new(vec![one, named("two", &second)]).unwrap();
    assert_eq!(
        ids(&catalog),
        ["alias"],
        "configured models need no discovery"
    );
    catalog.refresh().await;
    assert_eq!(ids(&catalog), ["alias", "a", "b", "embed", "c"]);
    assert_eq!(provider_of(&catalog, "b").as_deref(), Some("one"));
    assert_eq!(provider_of(&catalog, "c").as_deref(), Some("two"));
    assert_eq!(provider_of(&catalog, "d"), None);
    let alias = &catalog.list()[0];
    assert_eq!((alias.created, alias.owned_by.as_str()), (7, "us"));
    assert_eq!(&*catalog.find("alias").unwrap().upstream_model, "a");
}

#[tokio::test]
async fn a_route_leads_to_the_provider() {
    let model = serving(&["scripted-1"]).await;
    let catalog = ProviderCatalog::try_new(vec![named("one", &model)]).unwrap();
    catalog.refresh().await;
    let route = catalog.find("scripted-1").unwrap();
    let answer = route.provider.chat(call("reply exactly here", false)).await;
    assert!(matches!(answer, Ok(ChatAnswer::Whole(_))));
}

#[tokio::test]
async fn a_provider_that_was_not_asked_for_its_models_offers_the_configured_ones() {
    let model = serving(&["a"]).await;
    let mut settings = named("one", &model);
    settings.discover = false;
    settings.models.push(ModelSetting {
        id: "b".to_owned(),
        ..ModelSetting::default()
    });
    let catalog = ProviderCatalog::try_new(vec![settings]).unwrap();
    catalog.refresh().await;
    assert_eq!(ids(&catalog), ["b"]);
    assert_eq!(catalog.list()[0].owned_by, "one");
    assert_eq!((model.served(), catalog.silent_providers().len()), (0, 0));
    let idle = catalog.keep_fresh(CancellationToken::new());
    timeout(Duration::from_secs(1), idle)
        .await
        .expect("there is nothing to keep fresh");
}

#[tokio::test]
async fn two_providers_cannot_have_one_name() {
    let settings = || ProviderSettings::new("same", "http://127.0.0.1:9/v1");
    let refused = ProviderCatalog::try_new(vec![settings(), settings()]);
    let problem = refused.err().unwrap().to_string();
    assert_eq!(problem, "there are two providers named `same`");
}

#[tokio::test]
async fn a_provider_that_comes_late_is_found_soon_and_stays_on_offer_while_away() {
    let port = LatePort::held();
    let late = ProviderSettings {
        name: "late".to_owned(),
        ..settings(port.base_url().unwrap())
    };
    let catalog = Arc::new(ProviderCatalog::try_new(vec![late]).unwrap());
    let stop = CancellationToken::new();
    let keeping = {
        let (catalog, stop) = (Arc::clone(&catalog), stop.clone());
        async move { catalog.keep_fresh(stop).await }
    };
    let story = async {
        sleep(Duration::from_millis(600)).await;
        assert_eq!(catalog.silent_providers(), ["late".into()]);
        assert_eq!(catalog.list(), []);
        let began = Instant::now();
        let model = ScriptedModel::on(port.open().unwrap(), offering(&["a"])).unwrap();
        until(|| catalog.find("a").is_some()).await;
        assert!(
            began.elapsed() < Duration::from_secs(3),
            "{:?}",
            began.elapsed()
        );
        assert_eq!(catalog.silent_providers().len(), 0);
        model.stop().await;
        catalog.refresh().await;
        assert_eq!(ids(&catalog), ["a", "embed"], "it stays on offer");
        stop.cancel();
    };
    let ((), ()) = timeout(Duration::from_secs(20), async {
        tokio::join!(keeping, story)
    })
    .await
    .expect("keeping fresh stops when told");
}

#[tokio::test]
async fn many_who_miss_a_model_cause_one_look() {
    let model = serving(&["a"]).await;
    let catalog = ProviderCatalog::try_new(vec![named("one", &model)]).unwrap();
    futures::future::join_all((0..50).map(|_| catalog.refresh_now())).await;
    assert_eq!(
        (model.served(), ids(&catalog)),
        (1, vec!["a".to_owned(), "embed".to_owned()])
    );
    catalog.refresh_now().await;
    assert_eq!(model.served(), 1);
}

#[tokio::test]
async fn a_model_that_was_added_is_found_after_somebody_missed_it() {
    let model = serving(&["a"]).await;
    let address = model.address();
    let catalog = ProviderCatalog::try_new(vec![named("one", &model)]).unwrap();
    let stop = CancellationToken::new();
    let story = async {
        until(|| catalog.find("a").is_some()).await;
        model.stop().await;
        let model = ScriptedModel::bind(address, offering(&["a", "b"]))
            .await
            .unwrap();
        until(|| catalog.find("b").is_some()).await;
        assert!(
            model.served() <= 3,
            "misses do not become a storm: {}",
            model.served()
        );
        stop.cancel();
    };
    tokio::join!(catalog.keep_fresh(stop.clone()), story);
}
