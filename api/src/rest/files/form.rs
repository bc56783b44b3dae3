use std::convert::Infallible;
use std::time::Duration;

use axum::extract::{FromRequest, Request};
use bytes::Bytes;
use futures::stream;
use http::{HeaderMap, HeaderValue, header};
use jan_commands::media::{MediaFailure, NewFile};
use jan_domain::media::{FileName, InvalidLabel, MediaLabel, Purpose};
use multer::{Field, Multipart};

use crate::body::{collect, limits_of};
use crate::error::ApiError;
use crate::state::ApiState;

/// Parts of a form; nobody sends more.
const PARTS_MAX: usize = 16;
/// Bytes of a part that is no file.
const TEXT_BYTES_MAX: usize = 256;
/// Seconds after which a file may expire (OpenAI).
const EXPIRES_AFTER: std::ops::RangeInclusive<u64> = 3_600..=2_592_000;
/// What nobody has said anything about.
const UNKNOWN_TYPE: &str = "application/octet-stream";

/// A file as a form brings it.
pub(super) struct FileForm(pub(super) NewFile);

#[derive(Default)]
struct Parts {
    file: Option<(FileName, String, Bytes)>,
    purpose: Option<Purpose>,
    anchor: Option<String>,
    seconds: Option<u64>,
}

impl FromRequest<ApiState> for FileForm {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &ApiState) -> Result<Self, ApiError> {
        let boundary = boundary_of(request.headers())?;
        let limits = limits_of(request.uri().path(), state);
        let body = collect(request, &limits).await?;
        let body = stream::once(std::future::ready(Ok::<_, Infallible>(body)));
        let mut form = Multipart::new(body, boundary);
        let mut parts = Parts::default();
        let mut seen = 0;
        while let Some(part) = form
            .next_field()
            .await
            .map_err(|problem| malformed(&problem))?
        {
            seen += 1;
            if seen > PARTS_MAX {
                let message = format!("A form may have at most {PARTS_MAX} parts.");
                return Err(ApiError::invalid_value(message));
            }
            parts.take(part).await?;
        }
        parts.whole().map(Self)
    }
}

impl Parts {
    /// Parts that nobody asks for are ignored.
    async fn take(&mut self, part: Field<'_>) -> Result<(), ApiError> {
        match part.name() {
            Some("file") => {
                let name = part.file_name().unwrap_or_default();
                let name = FileName::parse(name).map_err(|wrong| label(wrong, "file"))?;
                let said = part.content_type().map(ToString::to_string);
                let bytes = part.bytes().await.map_err(|problem| malformed(&problem))?;
                self.file = Some((name, media_type(said), bytes));
            }
            Some("purpose") => {
                let text = text_of(part, "purpose").await?;
                let purpose = Purpose::parse(&text).map_err(|wrong| label(wrong, "purpose"))?;
                // What programs have made is not for callers to say.
                if purpose == Purpose::AssistantsOutput {
                    return Err(label(InvalidLabel::Purpose, "purpose"));
                }
                self.purpose = Some(purpose);
            }
            Some(field @ "expires_after[anchor]") => {
                let field = field.to_owned();
                self.anchor = Some(text_of(part, &field).await?);
            }
            Some(field @ "expires_after[seconds]") => {
                let field = field.to_owned();
                let text = text_of(part, &field).await?;
                let seconds = text.parse().ok();
                let seconds = seconds.filter(|seconds| EXPIRES_AFTER.contains(seconds));
                let (least, most) = EXPIRES_AFTER.into_inner();
                self.seconds = Some(seconds.ok_or_else(|| {
                    let message = format!(
                        "Invalid '{field}': expected a whole number from {least} to {most}."
                    );
                    ApiError::invalid_value(message).at(field)
                })?);
            }
            _ => {}
        }
        Ok(())
    }

    fn whole(self) -> Result<NewFile, ApiError> {
        let (name, media_type, bytes) = self.file.ok_or_else(|| ApiError::missing("file"))?;
        let purpose = self.purpose.ok_or_else(|| ApiError::missing("purpose"))?;
        let kept_for = match (self.anchor.as_deref(), self.seconds) {
            (None, None) => None,
            (Some("created_at"), Some(seconds)) => Some(Duration::from_secs(seconds)),
            (Some("created_at"), None) => {
                return Err(ApiError::missing("expires_after[seconds]"));
            }
            (None, Some(_)) => return Err(ApiError::missing("expires_after[anchor]")),
            (Some(_), _) => {
                let field = "expires_after[anchor]";
                let message = format!("Invalid '{field}': expected 'created_at'.");
                return Err(ApiError::invalid_value(message).at(field));
            }
        };
        Ok(NewFile {
            label: MediaLabel {
                file_name: Some(name),
                purpose,
            },
            media_type,
            bytes,
            kept_for,
        })
    }
}

fn boundary_of(headers: &HeaderMap) -> Result<String, ApiError> {
    let encoded = headers.get(header::CONTENT_ENCODING);
    if encoded.is_some_and(|coding| coding != "identity") {
        return Err(ApiError::not_a_form());
    }
    let kind = headers.get(header::CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    multer::parse_boundary(kind).map_err(|_| ApiError::not_a_form())
}

async fn text_of(part: Field<'_>, field: &str) -> Result<String, ApiError> {
    let bytes = part.bytes().await.map_err(|problem| malformed(&problem))?;
    let text = Some(bytes).filter(|bytes| bytes.len() <= TEXT_BYTES_MAX);
    let text = text.and_then(|bytes| String::from_utf8(bytes.into()).ok());
    text.ok_or_else(|| {
        let message = format!("Invalid '{field}': expected a short text.");
        ApiError::invalid_value(message).at(field)
    })
}

/// What a file is said to be, if that can be said of it.
fn media_type(said: Option<String>) -> String {
    let said = said.filter(|said| said.len() <= 100 && HeaderValue::from_str(said).is_ok());
    said.unwrap_or_else(|| UNKNOWN_TYPE.to_owned())
}

fn label(wrong: InvalidLabel, field: &str) -> ApiError {
    ApiError::from(MediaFailure::from(wrong)).at(field)
}

fn malformed(problem: &multer::Error) -> ApiError {
    ApiError::invalid_value(format!("The form cannot be read: {problem}."))
}
