//! Where bytes lie: a directory and a bucket keep the same contract.

use std::time::Duration;

use bytes::Bytes;
use jan_domain::ports::{ObjectStore, ServedAs};
use jan_infra::media::{MediaDirectory, S3Bucket, S3Settings, S3SetupError};
use jan_infra::secret::Secret;
use jan_tests::contract::object_store::{key_of, owner, suite};
use jan_tests::own_directory::OwnDirectory;
use jan_tests::s3_server::S3Server;

fn bucket(settings: &S3Settings) -> S3Bucket {
    S3Bucket::of(settings).unwrap().expect("a bucket is named")
}

fn served() -> ServedAs {
    ServedAs {
        media_type: "image/png".to_owned(),
        disposition: "inline; filename*=UTF-8''te%C3%A4.png".to_owned(),
    }
}

#[tokio::test]
async fn a_directory_keeps_the_contract() {
    let directory = OwnDirectory::fresh();
    suite(&MediaDirectory::new(directory.path().to_owned())).await;
}

#[tokio::test]
async fn a_bucket_keeps_the_contract() {
    let directory = OwnDirectory::fresh();
    let server = S3Server::start(directory.path().to_owned()).await;
    suite(&bucket(&server.settings())).await;
}

#[tokio::test]
async fn nobody_but_the_server_reads_a_directory_and_nothing_half_stays_in_it() {
    use std::os::unix::fs::PermissionsExt;
    let directory = OwnDirectory::fresh();
    let store = MediaDirectory::new(directory.path().to_owned());
    let (_, key) = key_of(&owner("ann"), 1, b"tea");
    store
        .put(&key, Bytes::from_static(b"tea"), "text/plain")
        .await
        .unwrap();
    let place = directory.path().join(key.as_str());
    let place = place.parent().unwrap();
    let mode = std::fs::metadata(place).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    assert_eq!(std::fs::read_dir(place).unwrap().count(), 1);
    assert_eq!(
        store
            .presign(&key, &served(), Duration::from_secs(1))
            .await
            .unwrap(),
        None
    );
}

#[tokio::test]
async fn what_a_bucket_signs_is_good_for_one_object_one_method_and_a_while() {
    let directory = OwnDirectory::fresh();
    let server = S3Server::start(directory.path().to_owned()).await;
    let store = bucket(&server.settings());
    let (_, key) = key_of(&owner("ann"), 1, b"tea");
    let (_, other) = key_of(&owner("ann"), 1, b"milk");
    for (key, bytes) in [(&key, "tea"), (&other, "milk")] {
        store.put(key, bytes.into(), "text/plain").await.unwrap();
    }
    let (shown, a_while) = (served(), Duration::from_secs(4));
    let signed = store.presign(&key, &shown, a_while).await;
    let signed = signed.unwrap().unwrap();
    jan_infra::model_provider::install_crypto();
    let client = reqwest::Client::builder().build().unwrap();
    let read = client.get(&signed).send().await.unwrap();
    assert_eq!(read.status(), 200);
    assert_eq!(read.headers()["content-type"], "image/png");
    assert_eq!(read.headers()["content-disposition"], served().disposition);
    assert_eq!(read.bytes().await.unwrap(), "tea");
    let another = signed.replace(key.as_str(), other.as_str());
    assert_ne!(another, signed);
    let unsigned = signed.split('?').next().unwrap().to_owned();
    let longer = signed.replace("X-Amz-Expires=4&", "X-Amz-Expires=9&");
    for wrong in [&another, &unsigned, &longer] {
        let refused = client.get(wrong).send().await.unwrap();
        assert_eq!(refused.status(), 403, "{wrong}");
    }
    let put = client.put(&signed).body("coffee").send().await.unwrap();
    assert_eq!(put.status(), 403);
    tokio::time::sleep(Duration::from_millis(5_100)).await;
    let late = client.get(&signed).send().await.unwrap();
    assert_eq!(late.status(), 403);
}

#[tokio::test]
async fn addresses_are_signed_for_the_host_that_callers_see() {
    let directory = OwnDirectory::fresh();
    let server = S3Server::start(directory.path().to_owned()).await;
    let settings = S3Settings {
        public_endpoint: Some("https://media.example.com".to_owned()),
        ..server.settings()
    };
    let (_, key) = key_of(&owner("ann"), 1, b"tea");
    let signed = bucket(&settings)
        .presign(&key, &served(), Duration::from_mins(1))
        .await
        .unwrap()
        .unwrap();
    assert!(
        signed.starts_with("https://media.example.com/jan-media/"),
        "{signed}"
    );
}

#[tokio::test]
async fn a_bucket_that_cannot_be_used_says_so() {
    let directory = OwnDirectory::fresh();
    let server = S3Server::start(directory.path().to_owned()).await;
    let (_, key) = key_of(&owner("ann"), 1, b"tea");
    let wrong_secret = S3Settings {
        secret_key: Some(Secret::new("another".to_owned())),
        ..server.settings()
    };
    let put = bucket(&wrong_secret);
    let put = put
        .put(&key, Bytes::from_static(b"tea"), "text/plain")
        .await;
    assert!(put.is_err());
    let settings = server.settings();
    drop(server);
    let away = bucket(&settings).get(&key).await;
    assert!(away.is_err());
}

#[test]
fn half_a_setup_is_refused() {
    let named = S3Settings {
        bucket: Some("b".to_owned()),
        ..S3Settings::default()
    };
    assert_eq!(S3Bucket::of(&named).unwrap_err(), S3SetupError::NoKey);
    let elsewhere = S3Settings {
        endpoint: Some("s3.example.com".to_owned()),
        ..named
    };
    let refused = S3Bucket::of(&elsewhere).unwrap_err().to_string();
    assert!(refused.contains("media.s3_endpoint"), "{refused}");
    assert!(S3Bucket::of(&S3Settings::default()).unwrap().is_none());
}
