//! Taking a body in, counted as it is after decompression.

use std::io::Write as _;

use flate2::write::MultiGzDecoder;
use http::header;
use reqwest::Response;

use super::fetch_failure::{FetchFailure, failure};

/// What is decompressed between two looks at the size. It becomes a thousand times as much at most.
const PIECE: usize = 1 << 10;

/// A body, or its beginning.
#[derive(Debug, Default)]
pub(super) struct Taken {
    pub(super) bytes: Vec<u8>,
    pub(super) cut: bool,
}

/// Reads until the end, or until there is more than `bytes_max`.
pub(super) async fn take(
    mut response: Response,
    bytes_max: usize,
    may_be_cut: bool,
) -> Result<Taken, FetchFailure> {
    let mut sink = Sink::of(&response)?;
    let declared = response.content_length().unwrap_or_default();
    let mut cut = !may_be_cut && declared > bytes_max as u64;
    while !cut {
        let chunk = response.chunk().await;
        let Some(chunk) = chunk.map_err(|error| failure(&error))? else {
            break;
        };
        for piece in chunk.chunks(PIECE) {
            sink.write(piece)?;
            cut |= sink.size() > bytes_max;
            if cut {
                break;
            }
        }
    }
    if cut && !may_be_cut {
        return Err(FetchFailure::TooLarge);
    }
    let mut bytes = sink.finish(cut)?;
    cut |= bytes.len() > bytes_max;
    if cut && !may_be_cut {
        return Err(FetchFailure::TooLarge);
    }
    bytes.truncate(bytes_max);
    Ok(Taken { bytes, cut })
}

/// Where bytes go, through a decoder if they come compressed.
enum Sink {
    Plain(Vec<u8>),
    Gzip(Box<MultiGzDecoder<Vec<u8>>>),
}

impl Sink {
    /// Nothing but gzip was asked for.
    fn of(response: &Response) -> Result<Self, FetchFailure> {
        let mut encodings = response.headers().get_all(header::CONTENT_ENCODING).iter();
        let encoding = encodings
            .next()
            .map(|told| told.as_bytes().to_ascii_lowercase());
        match (encoding.as_deref(), encodings.next()) {
            (None | Some(b"" | b"identity"), None) => Ok(Self::Plain(Vec::new())),
            (Some(b"gzip" | b"x-gzip"), None) => {
                Ok(Self::Gzip(Box::new(MultiGzDecoder::new(Vec::new()))))
            }
            _ => Err(FetchFailure::Encoding),
        }
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), FetchFailure> {
        match self {
            Self::Plain(taken) => taken.extend_from_slice(bytes),
            Self::Gzip(decoder) => {
                let written = decoder.write_all(bytes);
                written.map_err(|_| FetchFailure::Encoding)?;
            }
        }
        Ok(())
    }

    fn size(&self) -> usize {
        match self {
            Self::Plain(taken) => taken.len(),
            Self::Gzip(decoder) => decoder.get_ref().len(),
        }
    }

    /// All there is. What was cut off has no end that could be checked.
    fn finish(self, cut: bool) -> Result<Vec<u8>, FetchFailure> {
        match self {
            Self::Plain(taken) => Ok(taken),
            Self::Gzip(decoder) if cut => Ok(decoder.get_ref().clone()),
            Self::Gzip(mut decoder) => {
                let finished = decoder.try_finish();
                finished.map_err(|_| FetchFailure::Encoding)?;
                decoder.finish().map_err(|_| FetchFailure::Encoding)
            }
        }
    }
}
