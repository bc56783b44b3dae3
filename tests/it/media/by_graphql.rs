use jan_tests::app::App;
use jan_tests::request::Client;
use serde_json::{Value, json};

use super::{FILES, file, id_of, keep, objects, png};

async fn ask(client: &Client, query: &str, variables: Value) -> Value {
    let body = json!({"query": query, "variables": variables});
    let told = client.post("/graphql", body).await;
    let told = told.expect_status(200).json();
    assert!(told["errors"].is_null(), "{told}");
    told["data"].clone()
}

const PAGE: &str = "query($after: String, $purpose: String) {
    files(first: 2, after: $after, purpose: $purpose) {
      edges { node { id filename purpose mime bytes sha256 width height createdAt expiresAt } }
      pageInfo { hasNextPage endCursor } } }";

fn nodes(page: &Value) -> Vec<Value> {
    let edges = page["files"]["edges"].as_array().unwrap().iter();
    edges.map(|edge| edge["node"].clone()).collect()
}

#[tokio::test]
async fn they_are_paged_found_and_deleted_as_over_rest() {
    let app = App::start().await;
    let image = keep(&app, &png(3, 4, b"tea")).await;
    file(&app, "a.txt", b"a").await;
    file(&app, "b.txt", b"bb").await;
    let rest = app.get(FILES).await.expect_status(200).json();
    let first = ask(&app, PAGE, json!({})).await;
    assert_eq!(first["files"]["pageInfo"]["hasNextPage"], true);
    let after = &first["files"]["pageInfo"]["endCursor"];
    let second = ask(&app, PAGE, json!({"after": after})).await;
    assert_eq!(second["files"]["pageInfo"]["hasNextPage"], false);
    let all = [nodes(&first), nodes(&second)].concat();
    for (node, shown) in all.iter().zip(rest["data"].as_array().unwrap()) {
        for field in ["id", "filename", "purpose", "bytes"] {
            assert_eq!(node[field], shown[field], "{field}");
        }
    }
    let vision = nodes(&ask(&app, PAGE, json!({"purpose": "vision"})).await);
    assert_eq!(vision.len(), 1);
    let shown = &vision[0];
    assert_eq!(
        (
            &shown["id"],
            &shown["mime"],
            &shown["width"],
            &shown["height"]
        ),
        (&image["id"], &json!("image/png"), &json!(3), &json!(4))
    );
    assert!(shown["createdAt"].is_string() && shown["expiresAt"].is_string());

    let id = json!({"id": id_of(&image)});
    let query = "query($id: ID!) { file(id: $id) { filename }
        node(id: $id) { id ... on File { filename } } }";
    let found = ask(&app, query, id.clone()).await;
    assert_eq!(found["file"]["filename"], "tea.png");
    assert_eq!(found["node"]["filename"], "tea.png");
    let stranger = app.guest().await;
    let nothing = ask(&stranger, query, id.clone()).await;
    assert_eq!(nothing, json!({"file": null, "node": null}));
    let delete = "mutation($id: ID!) { deleteFile(input: {id: $id}) {
        deletedFileId userErrors { code } } }";
    let refused = ask(&stranger, delete, id.clone()).await;
    assert_eq!(refused["deleteFile"]["userErrors"][0]["code"], "NOT_FOUND");
    let deleted = ask(&app, delete, id.clone()).await;
    assert_eq!(deleted["deleteFile"]["deletedFileId"], id["id"]);
    assert_eq!(ask(&app, query, id).await["file"], Value::Null);
    assert_eq!(objects(&app), 2);
}
