//! `jan-server keys`.

use super::Desk;

#[test]
fn a_token_of_an_administrator_is_all_that_is_printed() {
    let desk = Desk::new();
    let said = desk.run(&["keys", "admin", "--hours", "2"]);
    let token = said.answer().trim_end();
    assert_eq!(token.split('.').count(), 3, "{token}");
    assert!(desk.directory.join(".jan/secrets").is_dir());
    assert_eq!(desk.run(&["keys", "admin", "--hours", "0"]).code, Some(2));
}
