//! What the API document says of all operations alike: who may call them, and how they refuse.

use utoipa::openapi::path::Operation;
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    Components, ContentBuilder, OpenApi as Document, Ref, RefOr, Response, Responses,
};
use utoipa::{OpenApi, PartialSchema, ToSchema};

const BEARER: &str = "bearer";
const REFUSAL: &str = "Refusal";

#[derive(OpenApi)]
#[openapi(info(
    title = "Jan Server",
    description = "An OpenAI-compatible platform whose history is an event log.",
))]
struct Info;

/// A refusal in OpenAI's shape.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the document's picture of `ApiError`")]
struct ErrorBody {
    error: ErrorDetails,
}

/// What is wrong.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the document's picture of `ApiError`")]
struct ErrorDetails {
    /// A sentence.
    message: String,
    /// `invalid_request_error`, `rate_limit_error` or `server_error`.
    r#type: String,
    /// The field it is about.
    param: Option<String>,
    /// A stable word.
    code: Option<String>,
}

/// The title, and what operations share.
pub(super) fn base() -> Document {
    let mut document = Info::openapi();
    let components = document.components.get_or_insert_with(Components::new);
    for (name, schema) in [
        (ErrorBody::name(), ErrorBody::schema()),
        (ErrorDetails::name(), ErrorDetails::schema()),
    ] {
        components.schemas.insert(name.into_owned(), schema);
    }
    let scheme = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("A token of `POST /auth/guest`."));
    let scheme = SecurityScheme::Http(scheme.build());
    components.add_security_scheme(BEARER, scheme);
    let refusal = RefOr::T(refusal());
    components.responses.insert(REFUSAL.to_owned(), refusal);
    document
}

fn refusal() -> Response {
    let shape = Ref::from_schema_name(ErrorBody::name());
    let content = ContentBuilder::new().schema(Some(shape)).build();
    ResponseBuilder::new()
        .description("The request is refused, or failed")
        .content("application/json", content)
        .build()
}

/// Says of all operations that they need credentials.
pub(crate) fn require_credentials(document: &mut Document) {
    for operation in operations(document) {
        let nothing: [&str; 0] = [];
        operation.security = Some(vec![SecurityRequirement::new(BEARER, nothing)]);
    }
}

/// Says what every operation does alike, in the document's own notation.
pub(super) fn finish(mut document: Document) -> Document {
    for operation in operations(&mut document) {
        describe(&mut operation.responses);
    }
    let paths = std::mem::take(&mut document.paths.paths);
    // The router's mark for "the rest of the path" is unknown to OpenAPI.
    document.paths.paths = paths
        .into_iter()
        .map(|(path, item)| (path.replace("{*", "{"), item))
        .collect();
    document
}

fn describe(responses: &mut Responses) {
    for response in responses.responses.values_mut() {
        if let RefOr::T(response) = response
            && response.description.is_empty()
        {
            "As asked".clone_into(&mut response.description);
        }
    }
    let refused = Ref::from_response_name(REFUSAL);
    let default = responses.responses.entry("default".to_owned());
    default.or_insert(RefOr::Ref(refused));
}

fn operations(document: &mut Document) -> impl Iterator<Item = &mut Operation> {
    document.paths.paths.values_mut().flat_map(|item| {
        let all = [
            &mut item.get,
            &mut item.put,
            &mut item.post,
            &mut item.patch,
            &mut item.delete,
        ];
        all.into_iter().flatten()
    })
}
