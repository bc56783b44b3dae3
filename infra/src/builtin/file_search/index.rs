use std::sync::Arc;

use futures::future::BoxFuture;
use jan_domain::document::{Attributes, DocumentContent, DocumentName};
use jan_domain::limits::{
    DOCUMENT_ATTRIBUTES_MAX, DOCUMENT_COLLECTION_CHARS_MAX, DOCUMENT_NAME_CHARS_MAX,
    DOCUMENT_TAG_CHARS_MAX, DOCUMENT_TAGS_MAX, DOCUMENT_TEXT_BYTES_MAX,
};
use jan_domain::ports::{DocumentStore, ToolOffer, ToolResult};
use jan_domain::response::EffectClass;
use serde_json::{Map, Value, json};

use crate::builtin::arguments::{Arguments, document, failed};
use crate::builtin::host::{BuiltinTool, CalledBy};

/// How many bytes of text a model takes for one token, about.
const BYTES_PER_TOKEN: usize = 4;

const DESCRIPTION: &str = "Keeps a text under a name of your choice, so that it can be searched with \
    file_search_query. What was kept under the name before is replaced. Nobody else can search it.";

/// `file_search_index`: keeps a document.
pub struct FileSearchIndex {
    documents: Arc<dyn DocumentStore>,
}

impl FileSearchIndex {
    /// The tool over these documents.
    pub fn new(documents: Arc<dyn DocumentStore>) -> Self {
        Self { documents }
    }

    async fn index(&self, by: &CalledBy, arguments: &Arguments) -> ToolResult {
        let (name, content) = match read(arguments) {
            Ok(read) => read,
            Err(wrong) => return failed(wrong),
        };
        let tokens = content.text.len().div_ceil(BYTES_PER_TOKEN);
        let indexed = self
            .documents
            .index((&by.owner, &by.request), name.clone(), content);
        let indexed = indexed.await;
        match indexed {
            Ok(indexed) => document(json!({
                "document_id": name.as_str(),
                "status": "indexed",
                "indexed_at": indexed.indexed_at,
                "token_count": tokens,
                "unchanged": indexed.unchanged,
            })),
            Err(failure) => super::query::told(&failure),
        }
    }
}

type Unfit = Box<dyn std::error::Error + Send + Sync>;

fn read(arguments: &Arguments) -> Result<(DocumentName, DocumentContent), Unfit> {
    let name = DocumentName::parse(arguments.as_it_stands("document_id")?)?;
    let text = arguments.as_it_stands("text")?;
    let metadata = arguments.fields("metadata")?;
    let tags = arguments.texts("tags")?.into_iter().collect();
    let attributes = Attributes::try_new(arguments.fields("attributes")?)?;
    let mut content = DocumentContent::try_new(text, metadata, tags)?.with_attributes(attributes);
    if arguments.is_given("collection") {
        content = content.in_collection(arguments.as_it_stands("collection")?)?;
    }
    Ok((name, content))
}

impl BuiltinTool for FileSearchIndex {
    fn offer(&self) -> ToolOffer {
        ToolOffer {
            name: "file_search_index".to_owned(),
            description: Some(DESCRIPTION.to_owned()),
            input_schema: input_schema(),
            output_schema: Some(output_schema()),
            annotations: Some(json!({"title": "Keep a document", "readOnlyHint": false,
                "destructiveHint": true, "idempotentHint": true, "openWorldHint": false})),
            effect: EffectClass::Idempotent,
        }
    }

    fn call(
        self: Arc<Self>,
        by: CalledBy,
        arguments: Map<String, Value>,
    ) -> BoxFuture<'static, ToolResult> {
        Box::pin(async move { self.index(&by, &Arguments(arguments)).await })
    }
}

fn input_schema() -> Value {
    json!({
        "type": "object",
        "properties": {
            "document_id": {"type": "string", "minLength": 1, "maxLength": DOCUMENT_NAME_CHARS_MAX,
                "description": "What the document is called"},
            "text": {"type": "string", "minLength": 1, "maxLength": DOCUMENT_TEXT_BYTES_MAX,
                "description": "What it says, as plain text or Markdown"},
            "metadata": {"type": "object", "description": "Anything about it; told with every result"},
            "tags": {"type": "array", "maxItems": DOCUMENT_TAGS_MAX,
                "items": {"type": "string", "minLength": 1, "maxLength": DOCUMENT_TAG_CHARS_MAX},
                "description": "Words by which searches can be narrowed"},
            "collection": {"type": "string", "minLength": 1, "maxLength": DOCUMENT_COLLECTION_CHARS_MAX,
                "description": "A collection the document belongs to; searches can be confined to it"},
            "attributes": {"type": "object", "maxProperties": DOCUMENT_ATTRIBUTES_MAX,
                "additionalProperties": {"type": ["string", "number", "boolean"]},
                "description": "Simple values by which searches are filtered"},
        },
        "required": ["document_id", "text"],
    })
}

fn output_schema() -> Value {
    let text = json!({"type": "string"});
    json!({
        "type": "object",
        "properties": {
            "document_id": text,
            "status": {"type": "string", "enum": ["indexed"]},
            "indexed_at": {"type": "string", "format": "date-time",
                "description": "Since when the document says what it says"},
            "token_count": {"type": "integer", "description": "An estimate"},
            "unchanged": {"type": "boolean", "description": "Whether it said the same before"},
        },
        "required": ["document_id", "status", "indexed_at", "token_count", "unchanged"],
    })
}
