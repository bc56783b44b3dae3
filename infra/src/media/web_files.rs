use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use jan_domain::ports::{WebFileFailure, WebFiles};

use crate::safe_http::{FetchFailure, FetchSettings, Fetcher, Wanted};

/// The client that brings files from the web cannot be made.
#[derive(Debug, thiserror::Error)]
#[error("the client that brings images from the web cannot be made")]
pub struct MediaSetupError(#[from] reqwest::Error);

/// Brings files of the web through the safe client: no address of ours, none of the inside.
pub struct SafeWebFiles {
    fetcher: Fetcher,
}

impl SafeWebFiles {
    /// A client that goes so far.
    pub fn try_new(settings: &FetchSettings) -> Result<Self, MediaSetupError> {
        let fetcher = Fetcher::try_new(settings)?;
        Ok(Self { fetcher })
    }

    async fn bring(&self, url: &str) -> Result<Bytes, WebFileFailure> {
        let url = self.fetcher.vet(url).map_err(|it| failure(&it))?;
        let wanted = Wanted {
            url: &url,
            accept: "image/*,*/*;q=0.1",
            takes: |_| true,
            may_be_cut: false,
            known: None,
        };
        let fetched = self.fetcher.fetch(wanted).await;
        let fetched = fetched.map_err(|it| failure(&it))?;
        if fetched.status == 200 {
            Ok(fetched.body.into())
        } else {
            Err(WebFileFailure::Status(fetched.status))
        }
    }
}

fn failure(failure: &FetchFailure) -> WebFileFailure {
    match failure {
        FetchFailure::Refused(_) | FetchFailure::Unreachable | FetchFailure::Redirects => {
            WebFileFailure::Unfetchable
        }
        FetchFailure::TooLarge => WebFileFailure::TooLarge,
        FetchFailure::TimedOut
        | FetchFailure::Cut
        | FetchFailure::Encoding
        | FetchFailure::Type(_) => WebFileFailure::Incomplete,
    }
}

impl WebFiles for SafeWebFiles {
    fn fetch<'a>(&'a self, url: &'a str) -> BoxFuture<'a, Result<Bytes, WebFileFailure>> {
        self.bring(url).boxed()
    }
}
