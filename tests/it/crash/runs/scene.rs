use jan_tests::database::Database;
use jan_tests::given::{MODEL, with};
use jan_tests::heard::Heard;
use jan_tests::process::{Deployment, ServerProcess};
use jan_tests::remote::Remote;
use jan_tests::scripted_model::ScriptedModel;
use jan_tests::scripted_tools::ScriptedTools;
use serde_json::{Value, json};
use sqlx::PgPool;

pub(super) const RESPONSES: &str = "/v1/responses";
/// What every run says at its end.
pub(super) const WORDS: &str = "one two three four five six";

/// How a run is asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Manner {
    pub(super) background: bool,
    /// The tool it calls before it answers.
    pub(super) tool: Option<&'static str>,
    pub(super) converses: bool,
}

/// One database, tools with a ledger, and a person who was there before anything died.
pub(super) struct Scene {
    pub(super) deployment: Deployment,
    pub(super) pool: PgPool,
    pub(super) person: Remote,
    pub(super) conversation: String,
    pub(super) tools: ScriptedTools,
    pub(super) model: ScriptedModel,
    asked: u64,
    _database: Database,
}

impl Scene {
    pub(super) async fn set() -> (Self, ServerProcess) {
        let database = Database::fresh().await;
        let model = ScriptedModel::start().await;
        let deployment = Deployment::new(&database.options(), &model.base_url()).unsealed();
        let first = deployment.start().await;
        let person = first.remote().guest().await;
        let begun = person.post("/v1/conversations", &json!({})).await.unwrap();
        let scene = Self {
            deployment,
            pool: database.pool(4).await,
            person,
            conversation: begun.body["id"].as_str().unwrap().to_owned(),
            tools: ScriptedTools::start().await,
            model,
            asked: 0,
            _database: database,
        };
        (scene, first)
    }

    /// A run in this manner, and a mark that occurs in it and in no other.
    pub(super) fn run(&mut self, manner: Manner) -> (String, Value) {
        self.asked += 1;
        let mark = format!("mark{}y", self.asked);
        let said = match manner.tool {
            None => format!("reply exactly {WORDS} {mark}"),
            Some(tool) => {
                let arguments = json!({"text": mark, "amount": self.asked});
                format!(
                    "call tool docs__{tool} with {arguments}\nthen reply exactly {WORDS} {mark}"
                )
            }
        };
        let mut body = json!({
            "model": MODEL, "input": said, "stream": true, "background": manner.background,
        });
        if manner.tool.is_some() {
            body = with(body, json!({"tools": [self.server()]}));
        }
        if manner.converses {
            body = with(body, json!({"conversation": self.conversation}));
        }
        (mark, body)
    }

    fn server(&self) -> Value {
        json!({"type": "mcp", "server_label": "docs", "server_url": self.tools.url(),
            "authorization": "tok-1", "require_approval": "never"})
    }

    /// The run with this mark, if it is on record.
    pub(super) async fn find(&self, mark: &str) -> Option<String> {
        let sql = r"
            select aggregate_id
              from events
             where event_type = 'ResponseRequested'
               and strpos(payload::text, $1) > 0";
        let found = sqlx::query_scalar(sql).bind(mark);
        found.fetch_optional(&self.pool).await.unwrap()
    }

    /// How a run ended, and why if it failed.
    pub(super) async fn ending(&self, id: &str) -> (String, Option<String>) {
        let sql = r"
            select event_type, payload #>> '{Failed,failure,kind}'
              from events
             where aggregate_type = 'response'
               and aggregate_id = $1
             order by sequence desc
             limit 1";
        let ending = sqlx::query_as(sql).bind(id);
        ending.fetch_one(&self.pool).await.unwrap()
    }

    /// How often a tool was called for the run with this mark, had an effect, and under how many keys.
    pub(super) fn calls(&self, mark: &str) -> (usize, usize, usize) {
        let entries = self.tools.ledger().entries();
        let of_run: Vec<_> = entries
            .iter()
            .filter(|entry| entry.arguments.get("text").is_some_and(|text| text == mark))
            .collect();
        let effects = of_run.iter().filter(|entry| entry.effect).count();
        let keys: std::collections::BTreeSet<_> = of_run.iter().map(|entry| &entry.key).collect();
        (of_run.len(), effects, keys.len())
    }

    /// The stream from its beginning, as this process tells it.
    pub(super) async fn heard_at(&self, server: &ServerProcess, id: &str) -> Heard {
        let mut heard = Heard::default();
        let person = self.person.at(&server.remote());
        person.hear_again(id, None, &mut heard).await.unwrap();
        assert_eq!(heard.faults(), [""; 0], "{heard:#?}");
        heard
    }

    pub(super) async fn items(&self) -> i64 {
        let sql = "select count(*) from conversation_items where conversation_id = $1";
        let items = sqlx::query_scalar(sql).bind(&self.conversation);
        items.fetch_one(&self.pool).await.unwrap()
    }
}
