//! The same with an S3 bucket behind it.

use jan_tests::app::{App, Setup};
use jan_tests::late_port::LatePort;
use jan_tests::own_directory::OwnDirectory;
use jan_tests::s3_server::S3Server;
use serde_json::json;

use super::{MEDIA, files_below, id_of, keep, path_of, png, upload};

async fn app(server: &S3Server) -> App {
    let mut setup = Setup::default();
    setup.media.s3 = server.settings();
    App::start_with(setup).await
}

#[tokio::test]
async fn an_image_lies_in_the_bucket_and_is_read_there_by_its_address() {
    let directory = OwnDirectory::fresh();
    let server = S3Server::start(directory.path().to_owned()).await;
    let app = app(&server).await;
    let bytes = png(2, 2, b"tea");
    let kept = keep(&app, &bytes).await;
    assert_eq!(files_below(&server.files()), 1);
    let path = format!("{MEDIA}/{}", id_of(&kept));
    assert_eq!(app.get(&path).await.expect_status(200).bytes(), &bytes);
    let address = kept["presigned_url"].as_str().unwrap();
    let read = reqwest::get(address).await.unwrap();
    assert_eq!(read.headers()["content-type"], "image/png");
    assert_eq!(read.bytes().await.unwrap(), &bytes);
    // What is sent by a link comes through us, and is looked at.
    let body = json!({"mime_type": "image/png"});
    let prepared = app.post("/v1/media/prepare-upload", body).await;
    let link = path_of(&prepared.expect_status(200).json()["upload_url"]);
    let put = |bytes: Vec<u8>| app.as_nobody().raw(http::Method::PUT, &link).body(bytes);
    put(b"<svg/>".to_vec()).await.expect_status(415);
    put(png(3, 3, b"sent")).await.expect_status(200);
    assert_eq!(files_below(&server.files()), 2);
    app.delete(&path).await.expect_status(200);
    assert_eq!(files_below(&server.files()), 1);
    app.delete("/auth/me").await.expect_status(200);
    assert_eq!(files_below(&server.files()), 0);
}

#[tokio::test]
async fn while_the_bucket_is_away_nothing_is_acknowledged_and_later_all_is_well() {
    let directory = OwnDirectory::fresh();
    let port = LatePort::held();
    let mut setup = Setup::default();
    setup.media.s3 = S3Server::settings_at(port.address().unwrap());
    let app = App::start_with(setup).await;
    let bytes = png(2, 2, b"tea");
    let refused = app.post(MEDIA, upload(&bytes)).await.expect_status(503);
    assert_eq!(refused.json()["error"]["code"], "unavailable");
    let _server = S3Server::on(port.open().unwrap(), directory.path().to_owned());
    let kept = keep(&app, &bytes).await;
    assert_eq!(kept["deduped"], false);
    let read = app.get(&format!("{MEDIA}/{}", id_of(&kept))).await;
    assert_eq!(read.expect_status(200).bytes(), &bytes);
}
