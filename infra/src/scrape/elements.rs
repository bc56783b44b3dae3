//! What there is to know of HTML's elements to mend a page roughly.

/// What becomes of an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// It is kept.
    Kept,
    /// What is in it is kept.
    Through,
    /// It is left out with all that is in it.
    Hidden,
    /// The same; what is in it is no HTML.
    Raw,
}

pub(super) fn place(name: &str) -> Place {
    match name {
        "script" | "style" | "iframe" | "noembed" | "noframes" | "textarea" | "xmp" => Place::Raw,
        "template" | "object" | "embed" | "applet" | "svg" | "canvas" | "audio" | "video"
        | "map" | "select" | "datalist" | "dialog" => Place::Hidden,
        "noscript" | "html" | "body" | "head" | "font" | "center" | "base" | "link" | "wbr"
        | "slot" | "input" => Place::Through,
        _ => Place::Kept,
    }
}

pub(super) fn is_void(name: &str) -> bool {
    matches!(
        name,
        "area"
            | "base"
            | "br"
            | "col"
            | "embed"
            | "hr"
            | "img"
            | "input"
            | "link"
            | "meta"
            | "param"
            | "source"
            | "track"
            | "wbr"
    )
}

/// Elements that stand on lines of their own.
pub(super) fn is_block(name: &str) -> bool {
    matches!(
        name,
        "address"
            | "article"
            | "aside"
            | "blockquote"
            | "dd"
            | "details"
            | "div"
            | "dl"
            | "dt"
            | "fieldset"
            | "figcaption"
            | "figure"
            | "footer"
            | "form"
            | "h1"
            | "h2"
            | "h3"
            | "h4"
            | "h5"
            | "h6"
            | "header"
            | "hr"
            | "li"
            | "main"
            | "nav"
            | "ol"
            | "p"
            | "pre"
            | "section"
            | "summary"
            | "table"
            | "tbody"
            | "tfoot"
            | "thead"
            | "tr"
            | "ul"
    )
}

/// Whether the element `open` ends where `name` begins, although nobody says so.
pub(super) fn closes(name: &str, open: &str) -> bool {
    match open {
        "p" => is_block(name),
        "li" => name == "li",
        "dt" | "dd" => matches!(name, "dt" | "dd"),
        "td" | "th" => matches!(name, "td" | "th" | "tr" | "tbody" | "thead" | "tfoot"),
        "tr" => matches!(name, "tr" | "tbody" | "thead" | "tfoot"),
        "thead" | "tbody" | "tfoot" => matches!(name, "tbody" | "thead" | "tfoot"),
        "option" => matches!(name, "option" | "optgroup"),
        "a" => name == "a",
        _ => false,
    }
}
