//! What only administrators may do.

use jan_tests::app::App;

#[tokio::test]
async fn only_administrators_see_the_nodes() {
    let app = App::start().await;
    let nodes = app.administrator().get("/v1/admin/nodes").await;
    let nodes = nodes.expect_status(200).json();
    assert_eq!(nodes["object"], "list");
    let [node] = nodes["data"].as_array().unwrap().as_slice() else {
        panic!("one process runs: {nodes}");
    };
    assert!(node["expires_at"].as_i64() > node["started_at"].as_i64());

    let refused = app.get("/v1/admin/nodes").await;
    assert_eq!(
        refused.expect_status(403).json()["error"]["code"],
        "forbidden"
    );
    let nobody = app.as_nobody().get("/v1/admin/nodes").await;
    nobody.expect_status(401);
}
