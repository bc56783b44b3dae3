use jan_tests::app::App;
use jan_tests::given::chat;

#[tokio::test]
async fn a_call_is_answered_by_the_model() {
    let app = App::start().await;
    let answer = app
        .post("/v1/chat/completions", chat("reply exactly hi"))
        .await;
    let answer = answer.expect_status(200).json();
    assert_eq!(answer["choices"][0]["message"]["content"], "hi");
}
