use jan_tests::request::Client;
use serde_json::{Value, json};

use super::{fill, start};

async fn ask(client: &Client, query: &str, variables: Value) -> Value {
    let body = json!({"query": query, "variables": variables});
    let told = client
        .post("/graphql", body)
        .await
        .expect_status(200)
        .json();
    assert!(told["errors"].is_null(), "{told}");
    told["data"].clone()
}

const PAGE: &str = "query($after: String) { documents(first: 2, after: $after) {
    edges { node { id name tags metadata bytes passages indexedAt collection attributes } }
    pageInfo { hasNextPage endCursor } } }";

#[tokio::test]
async fn they_are_paged_found_and_deleted_as_over_rest() {
    let app = start().await;
    fill(&app).await;
    let rest = app.get("/v1/documents").await.expect_status(200).json();
    let first = &ask(&app, PAGE, json!({})).await["documents"];
    assert_eq!(first["pageInfo"]["hasNextPage"], true);
    let after = &first["pageInfo"]["endCursor"];
    let second = &ask(&app, PAGE, json!({"after": after})).await["documents"];
    assert_eq!(second["pageInfo"]["hasNextPage"], false);
    let edges = [first, second].map(|page| page["edges"].as_array().unwrap().clone());
    let listed = rest["data"].as_array().unwrap();
    assert_eq!(listed.len(), 3);
    for (edge, shown) in edges.concat().iter().zip(listed) {
        let node = &edge["node"];
        assert_eq!(
            (&node["id"], &node["name"]),
            (&shown["id"], &shown["document_id"])
        );
        for field in [
            "tags",
            "metadata",
            "bytes",
            "passages",
            "collection",
            "attributes",
        ] {
            assert_eq!(node[field], shown[field], "{field}");
        }
    }
    let id = json!({"id": listed[0]["id"]});
    let query = "query($id: ID!) { document(id: $id) { name }
        node(id: $id) { id ... on Document { name } } }";
    let found = ask(&app, query, id.clone()).await;
    assert_eq!(found["document"]["name"], listed[0]["document_id"]);
    assert_eq!(found["node"]["name"], listed[0]["document_id"]);
    let stranger = app.guest().await;
    let nothing = ask(&stranger, query, id.clone()).await;
    assert_eq!(nothing, json!({"document": null, "node": null}));
    let delete = "mutation($id: ID!) { deleteDocument(input: {id: $id}) {
        deletedDocumentId userErrors { code } } }";
    let refused = ask(&stranger, delete, id.clone()).await;
    assert_eq!(
        refused["deleteDocument"]["userErrors"][0]["code"],
        "NOT_FOUND"
    );
    let deleted = ask(&app, delete, id.clone()).await;
    assert_eq!(deleted["deleteDocument"]["deletedDocumentId"], id["id"]);
    assert_eq!(ask(&app, query, id).await["document"], Value::Null);
}
