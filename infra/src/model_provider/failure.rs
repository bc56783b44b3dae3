//! Every way an upstream can fail, as a failure of the port.

use std::error::Error;
use std::time::Duration;

use chrono::DateTime;
use jan_domain::ports::ProviderFailure;
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};
use reqwest::{Response, StatusCode};
use tokio::time::Instant;

use super::explanation::Explanation;
use super::masking::Mask;
use super::question::Question;
use super::whole::read_whole;

/// An explanation longer than this is none.
const EXPLANATION_BYTES_MAX: usize = 64 << 10;
/// The status is known, so its explanation is not worth a long wait.
const EXPLANATION_PATIENCE: Duration = Duration::from_secs(5);

/// What an answer that is not a success means.
pub(super) async fn of_answer(
    (provider, mask): (&str, &Mask),
    response: Response,
) -> ProviderFailure {
    let status = response.status();
    let retry_after = retry_after(response.headers());
    let deadline = Instant::now() + EXPLANATION_PATIENCE;
    let body = read_whole(
        response,
        deadline,
        EXPLANATION_PATIENCE,
        EXPLANATION_BYTES_MAX,
    )
    .await;
    let explanation = body
        .map(|body| Explanation::read(&body, mask))
        .unwrap_or_default();
    log_refusal(provider, status, explanation.code.as_deref());
    of_status(status, retry_after, explanation)
}

/// What an answer that did not arrive means. The log gets the cause, which the failure does not
/// carry; a look for models is no call that failed, and the catalog says what it found.
pub(super) fn of_transport(
    provider: &str,
    question: Question,
    error: reqwest::Error,
) -> ProviderFailure {
    let failure = match &error {
        error if error.is_connect() => ProviderFailure::Unreachable,
        error if causes(error).any(is_unreadable) => ProviderFailure::Garbled,
        _ => ProviderFailure::Cut,
    };
    let error = error.without_url();
    let cause = causes(&error).last().map(ToString::to_string);
    if failure == ProviderFailure::Unreachable && question != Question::Models {
        tracing::warn!(
            provider.name = provider,
            cause,
            "provider {provider} cannot be reached"
        );
    } else {
        tracing::debug!(
            provider.name = provider,
            cause,
            "provider {provider} broke off"
        );
    }
    failure
}

fn of_status(
    status: StatusCode,
    retry_after: Option<u64>,
    explanation: Explanation,
) -> ProviderFailure {
    match status.as_u16() {
        401 | 403 => ProviderFailure::Unauthorized,
        408 | 504 => ProviderFailure::Stalled,
        429 => ProviderFailure::Overloaded { retry_after },
        400..500 => ProviderFailure::Rejected {
            status: status.as_u16(),
            message: explanation
                .message
                .unwrap_or_else(|| format!("status {}", status.as_u16())),
            param: explanation.param,
            code: explanation.code,
        },
        500.. => ProviderFailure::Broken {
            status: status.as_u16(),
        },
        // We follow no redirect, because the key is meant for one origin only.
        _ => ProviderFailure::Garbled,
    }
}

/// Says what the failure itself does not carry. The provider's words stay out: they may quote the
/// prompt.
fn log_refusal(provider: &str, status: StatusCode, code: Option<&str>) {
    let status = status.as_u16();
    if matches!(status, 401 | 403) {
        tracing::warn!(
            provider.name = provider,
            http.response.status_code = status,
            error.code = code,
            "provider {provider} refuses our credentials with status {status}"
        );
    } else {
        tracing::debug!(
            provider.name = provider,
            http.response.status_code = status,
            error.code = code,
            "provider {provider} answered with status {status}"
        );
    }
}

/// Whole seconds to wait, rounded up: OpenAI's milliseconds, seconds, or a date. A date is measured
/// against the answer's own `date`, so clocks need not agree.
fn retry_after(headers: &HeaderMap) -> Option<u64> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    if let Some(ms) = text("retry-after-ms").and_then(|ms| ms.parse::<f64>().ok()) {
        return whole_seconds(ms / 1_000.0);
    }
    let wanted = text(RETRY_AFTER.as_str())?;
    if let Ok(seconds) = wanted.parse::<f64>() {
        return whole_seconds(seconds);
    }
    let until = DateTime::parse_from_rfc2822(wanted).ok()?;
    let now = DateTime::parse_from_rfc2822(text(DATE.as_str())?).ok()?;
    u64::try_from((until - now).num_seconds()).ok()
}

fn whole_seconds(seconds: f64) -> Option<u64> {
    Duration::try_from_secs_f64(seconds.ceil())
        .ok()
        .map(|wait| wait.as_secs())
}

/// An error and what is behind it.
fn causes(error: &reqwest::Error) -> impl Iterator<Item = &(dyn Error + 'static)> {
    std::iter::successors(Some(error as &(dyn Error + 'static)), |&error| {
        error.source()
    })
}

/// What arrived is not HTTP.
fn is_unreadable(cause: &(dyn Error + 'static)) -> bool {
    cause
        .downcast_ref::<hyper::Error>()
        .is_some_and(hyper::Error::is_parse)
}

#[cfg(test)]
mod tests {
    use super::{Explanation, HeaderMap, ProviderFailure, StatusCode, of_status, retry_after};
    use ProviderFailure as F;

    fn failure(status: u16) -> ProviderFailure {
        of_status(
            StatusCode::from_u16(status).unwrap(),
            Some(7),
            Explanation::default(),
        )
    }

    #[test]
    fn every_status_has_its_failure() {
        for (status, expected) in [
            (401, F::Unauthorized),
            (403, F::Unauthorized),
            (408, F::Stalled),
            (504, F::Stalled),
            (
                429,
                F::Overloaded {
                    retry_after: Some(7),
                },
            ),
            (500, F::Broken { status: 500 }),
            (503, F::Broken { status: 503 }),
            (529, F::Broken { status: 529 }),
            (302, F::Garbled),
            (304, F::Garbled),
        ] {
            assert_eq!(failure(status), expected);
        }
        for status in [400, 404, 409, 413, 418, 422, 451] {
            let message = format!("status {status}");
            assert_eq!(
                failure(status),
                F::Rejected {
                    status,
                    message,
                    param: None,
                    code: None
                }
            );
        }
    }

    #[test]
    fn the_wait_is_read_in_every_notation() {
        let wait = |headers: &[(&'static str, &'static str)]| {
            let mut map = HeaderMap::new();
            for (name, value) in headers {
                map.insert(*name, value.parse().unwrap());
            }
            retry_after(&map)
        };
        assert_eq!(wait(&[("retry-after", "20")]), Some(20));
        assert_eq!(wait(&[("retry-after", "0.2")]), Some(1));
        assert_eq!(
            wait(&[("retry-after", "9"), ("retry-after-ms", "1500")]),
            Some(2)
        );
        let date = ("date", "Wed, 21 Oct 2015 07:28:00 GMT");
        assert_eq!(
            wait(&[("retry-after", "Wed, 21 Oct 2015 07:28:30 GMT"), date]),
            Some(30)
        );
        assert_eq!(
            wait(&[("retry-after", "Wed, 21 Oct 2015 07:27:00 GMT"), date]),
            None
        );
        for senseless in ["", "soon", "-3", "NaN", "1e400"] {
            assert_eq!(wait(&[("retry-after", senseless)]), None, "{senseless}");
        }
        assert_eq!(wait(&[]), None);
    }
}
