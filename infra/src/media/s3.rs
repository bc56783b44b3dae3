use std::error::Error;
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{
    BehaviorVersion, Config, Credentials, Region, RequestChecksumCalculation,
    ResponseChecksumValidation,
};
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::get_object::GetObjectError;
use aws_sdk_s3::presigning::PresigningConfig;
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use bytes::Bytes;
use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt, TryStreamExt, stream};
use jan_domain::media::{ObjectKey, ObjectPrefix};
use jan_domain::ports::{ObjectFailure, ObjectStore, ServedAs};

use super::settings::S3Settings;

/// To open a connection.
const CONNECT_MAX: Duration = Duration::from_secs(5);
/// Each try of a request, and all of them.
const ATTEMPT_MAX: Duration = Duration::from_secs(30);
const REQUEST_MAX: Duration = Duration::from_secs(75);
/// Tries of a request: all of ours may be made twice.
const ATTEMPTS: u32 = 3;
/// Objects deleted at once. One request each, for not every server knows how to delete many.
const DELETED_AT_ONCE: usize = 8;

/// Objects in a bucket.
#[derive(Debug, Clone)]
pub struct S3Bucket {
    client: Client,
    /// Signs addresses for the host under which callers reach the bucket.
    signing: Client,
    bucket: String,
}

/// Why a bucket cannot be used as it is set up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum S3SetupError {
    /// A key without its secret, or none at all.
    #[error("media.s3_bucket needs media.s3_access_key and media.s3_secret_key")]
    NoKey,
    /// Not an `http:` or `https:` address.
    #[error("{setting} must be an http:// or https:// address")]
    Endpoint {
        /// Which setting.
        setting: &'static str,
    },
}

type Source = Box<dyn Error + Send + Sync>;

impl S3Bucket {
    /// The bucket of these settings; `None` if they name none. Nothing is asked yet.
    pub fn of(settings: &S3Settings) -> Result<Option<Self>, S3SetupError> {
        let Some(bucket) = settings.bucket.clone() else {
            return Ok(None);
        };
        let endpoint = settings.endpoint.as_deref();
        let public = settings.public_endpoint.as_deref().or(endpoint);
        require_address("media.s3_endpoint", endpoint)?;
        require_address("media.s3_public_endpoint", public)?;
        Ok(Some(Self {
            client: client(settings, endpoint)?,
            signing: client(settings, public)?,
            bucket,
        }))
    }

    /// Whether the bucket answers us; if not, how it fails.
    pub async fn probe(&self) -> Result<(), String> {
        let list = self.client.list_objects_v2().bucket(&self.bucket);
        let Err(error) = list.max_keys(1).send().await else {
            return Ok(());
        };
        let code = error.as_service_error().and_then(|error| error.code());
        Err(code.map_or_else(
            || "it cannot be reached".to_owned(),
            |code| format!("it answers '{code}'"),
        ))
    }

    async fn write(&self, key: &str, bytes: Bytes, media_type: &str) -> Result<(), Source> {
        let put = self.client.put_object().bucket(&self.bucket).key(key);
        let put = put.content_type(media_type).body(bytes.into());
        put.send().await?;
        Ok(())
    }

    async fn read(&self, key: &str) -> Result<Option<Bytes>, Source> {
        let get = self.client.get_object().bucket(&self.bucket).key(key);
        match get.send().await {
            Ok(found) => Ok(Some(found.body.collect().await?.into_bytes())),
            Err(SdkError::ServiceError(error)) if is_missing(error.err()) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    async fn remove(&self, prefix: &str) -> Result<u64, Source> {
        let list = self.client.list_objects_v2().bucket(&self.bucket);
        let mut pages = list.prefix(prefix).into_paginator().send();
        let mut removed = 0;
        while let Some(page) = pages.next().await {
            let page = page?;
            let mut deletions = Vec::new();
            for object in page.contents.unwrap_or_default() {
                deletions.extend(object.key.map(|key| self.remove_one(key)));
            }
            removed += deletions.len() as u64;
            let deleted = stream::iter(deletions).buffer_unordered(DELETED_AT_ONCE);
            deleted.try_collect::<()>().await?;
        }
        Ok(removed)
    }

    async fn remove_one(&self, key: String) -> Result<(), Source> {
        let delete = self.client.delete_object().bucket(&self.bucket);
        delete.key(key).send().await?;
        Ok(())
    }

    async fn sign(
        &self,
        key: &str,
        served: &ServedAs,
        valid_for: Duration,
    ) -> Result<String, Source> {
        let get = self.signing.get_object().bucket(&self.bucket).key(key);
        let get = get
            .response_content_type(&served.media_type)
            .response_content_disposition(&served.disposition);
        let signed = get
            .presigned(PresigningConfig::expires_in(valid_for)?)
            .await?;
        Ok(signed.uri().to_owned())
    }
}

fn client(settings: &S3Settings, endpoint: Option<&str>) -> Result<Client, S3SetupError> {
    let (Some(access_key), Some(secret_key)) = (&settings.access_key, &settings.secret_key) else {
        return Err(S3SetupError::NoKey);
    };
    let credentials = Credentials::new(access_key, secret_key.expose(), None, None, "settings");
    let http = Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build_https();
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT_MAX)
        .operation_attempt_timeout(ATTEMPT_MAX)
        .operation_timeout(REQUEST_MAX)
        .build();
    let mut config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(settings.region.clone()))
        .credentials_provider(credentials)
        .force_path_style(settings.path_style)
        .http_client(http)
        .timeout_config(timeouts)
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
        // Servers beside Amazon's know little of its newer checksums.
        .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
        .response_checksum_validation(ResponseChecksumValidation::WhenRequired);
    if let Some(endpoint) = endpoint {
        config = config.endpoint_url(endpoint);
    }
    Ok(Client::from_conf(config.build()))
}

fn require_address(setting: &'static str, endpoint: Option<&str>) -> Result<(), S3SetupError> {
    let is_address = |text: &str| {
        let url = url::Url::parse(text).ok();
        url.is_some_and(|url| matches!(url.scheme(), "http" | "https"))
    };
    if endpoint.is_none_or(is_address) {
        Ok(())
    } else {
        Err(S3SetupError::Endpoint { setting })
    }
}

fn is_missing(error: &GetObjectError) -> bool {
    error.is_no_such_key() || error.meta().code() == Some("NoSuchKey")
}

fn failed(source: Source) -> ObjectFailure {
    ObjectFailure(source)
}

impl ObjectStore for S3Bucket {
    fn put<'a>(
        &'a self,
        key: &'a ObjectKey,
        bytes: Bytes,
        media_type: &'a str,
    ) -> BoxFuture<'a, Result<(), ObjectFailure>> {
        let written = self.write(key.as_str(), bytes, media_type);
        written.map(|written| written.map_err(failed)).boxed()
    }

    fn get<'a>(
        &'a self,
        key: &'a ObjectKey,
    ) -> BoxFuture<'a, Result<Option<Bytes>, ObjectFailure>> {
        let read = self.read(key.as_str());
        read.map(|read| read.map_err(failed)).boxed()
    }

    fn delete_below<'a>(
        &'a self,
        prefix: &'a ObjectPrefix,
    ) -> BoxFuture<'a, Result<u64, ObjectFailure>> {
        let removed = self.remove(prefix.as_str());
        removed.map(|removed| removed.map_err(failed)).boxed()
    }

    fn presign<'a>(
        &'a self,
        key: &'a ObjectKey,
        served: &'a ServedAs,
        valid_for: Duration,
    ) -> BoxFuture<'a, Result<Option<String>, ObjectFailure>> {
        let signed = self.sign(key.as_str(), served, valid_for);
        signed
            .map(|signed| signed.map(Some).map_err(failed))
            .boxed()
    }
}
