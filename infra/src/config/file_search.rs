use super::setting::Setting;

/// How documents are kept and searched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileSearchSettings {
    /// Whether there are tools for it.
    pub enabled: bool,
    /// Documents of one owner.
    pub documents_max: u32,
    /// Bytes of their texts together.
    pub bytes_max: usize,
    /// The model that turns passages into vectors; without one their words are searched.
    pub embedding_model: Option<String>,
}

impl Default for FileSearchSettings {
    fn default() -> Self {
        Self {
            enabled: true,
            documents_max: 1_000,
            bytes_max: 32 << 20,
            embedding_model: None,
        }
    }
}

pub(super) const SETTINGS: &[Setting<FileSearchSettings>] = &[
    Setting {
        name: "file_search.enabled",
        env: &["JAN_FILE_SEARCH_ENABLED", "MCP_ENABLE_FILE_SEARCH"],
        doc: "Whether there are the tools 'file_search_index' and 'file_search_query'",
        slot: |search| &mut search.enabled,
    },
    Setting {
        name: "file_search.documents_max",
        env: &["JAN_FILE_SEARCH_DOCUMENTS_MAX"],
        doc: "Documents that one account may keep",
        slot: |search| &mut search.documents_max,
    },
    Setting {
        name: "file_search.bytes_max",
        env: &["JAN_FILE_SEARCH_BYTES_MAX"],
        doc: "Size of the texts of one account's documents together",
        slot: |search| &mut search.bytes_max,
    },
    Setting {
        name: "file_search.embedding_model",
        env: &["JAN_FILE_SEARCH_EMBEDDING_MODEL"],
        doc: "A model on offer that makes vectors: passages are then found by their meaning too",
        slot: |search| &mut search.embedding_model,
    },
];
