//! Pages of our own making, and what they become. `INSTA_UPDATE=always` writes what is to be compared.

use super::read;

macro_rules! pages {
    ($($name:ident: $file:literal, $kind:literal;)*) => {$(
        #[test]
        fn $name() {
            let page = read(include_bytes!(concat!("pages/", $file)).to_vec(), $kind).unwrap();
            let metadata = serde_json::to_string_pretty(&page.metadata).unwrap();
            let (title, unlisted) = (&page.title, page.unlisted);
            // What is said again and again needs to be looked at once.
            let (text, markdown) = (beginning(&page.text), beginning(&page.markdown));
            let told = format!(
                "# title: {title:?}, unlisted: {unlisted}\n{metadata}\n\n# markdown\n{markdown}\n\n# text\n{text}"
            );
            insta::with_settings!({omit_expression => true, prepend_module_to_snapshot => false}, {
                insta::assert_snapshot!(stringify!($name), told);
            });
        }
    )*};
}

fn beginning(text: &str) -> &str {
    super::super::visible::beginning(text, 2_500).0
}

pages! {
    article: "article.html", "text/html; charset=utf-8";
    docs_with_code: "docs_code.html", "text/html";
    lists: "lists.html", "text/html";
    windows_1251: "windows_1251.html", "text/html";
    shift_jis: "shift_jis.html", "text/html";
    right_to_left: "rtl.html", "text/html";
    broken: "broken.html", "text/html";
    huge: "huge.html", "text/html";
    no_readable_part: "no_readable.html", "text/html";
    plain_text: "plain.txt", "text/plain; charset=utf-8";
    json: "data.json", "application/json";
    meta_refresh: "meta_refresh.html", "text/html";
    relative_links: "relative_links.html", "application/xhtml+xml";
    nested_quotes: "quotes.html", "text/html";
    math_and_pre: "math_pre.html", "text/html";
    cookie_wall: "cookie_wall.html", "text/html";
    hidden: "hidden.html", "text/html";
    tables: "table_page.html", "text/html";
}
