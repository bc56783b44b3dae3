use bytes::Bytes;
use proptest::prelude::*;

use super::{Frame, FrameSplitter, ProviderFailure};

/// Everything a stream of these chunks gives.
fn split(chunks: &[&[u8]]) -> Vec<Frame> {
    split_within(chunks, 1_000)
        .into_iter()
        .map(Result::unwrap)
        .collect()
}

fn split_within(chunks: &[&[u8]], frame_bytes_max: usize) -> Vec<Result<Frame, ProviderFailure>> {
    let mut splitter = FrameSplitter::new(frame_bytes_max);
    let mut frames = Vec::new();
    for chunk in chunks {
        splitter.push(Bytes::copy_from_slice(chunk));
        while let Some(frame) = splitter.next_frame() {
            let failed = frame.is_err();
            frames.push(frame);
            if failed {
                return frames;
            }
        }
    }
    frames.extend(splitter.finish().map(Ok));
    frames
}

fn data(text: &str) -> Frame {
    Frame::Data(Bytes::copy_from_slice(text.as_bytes()))
}

const DONE: Frame = Frame::Done;

#[test]
fn data_lines_are_frames_and_the_rest_is_noise() {
    let stream = b": ping\n\nevent: x\nid: 1\nretry: 5\ndata: {\"a\":1}\n\n\n\ndatabase: no\n\ndata: [DONE]\n\n";
    assert_eq!(split(&[stream]), [data("{\"a\":1}"), DONE]);
}

#[test]
fn the_space_after_the_colon_is_optional_and_only_one_is_taken() {
    assert_eq!(
        split(&[b"data:a\n\ndata: b\n\ndata:  c \n\n"]),
        [data("a"), data("b"), data(" c ")]
    );
}

#[test]
fn carriage_returns_belong_to_line_ends_only() {
    assert_eq!(
        split(&[b"data: a\rb\r\n\r\ndata: [DONE]\r\n\r\n"]),
        [data("a\rb"), DONE]
    );
    assert_eq!(
        split(&[b"data: a\r", b"\n\r", b"\ndata: b\n\n"]),
        [data("a"), data("b")]
    );
}

#[test]
fn several_data_lines_are_one_frame() {
    assert_eq!(split(&[b"data: {\ndata:\ndata: }\n\n"]), [data("{\n\n}")]);
    assert_eq!(split(&[b"data\ndata: a\n\n"]), [data("\na")]);
}

#[test]
fn an_event_without_data_says_nothing() {
    assert_eq!(
        split(&[b"event: ping\n\ndata:\n\ndata: \n\ndata: a\n\n"]),
        [data("a")]
    );
}

#[test]
fn a_byte_order_mark_is_only_skipped_at_the_beginning() {
    assert_eq!(
        split(&["\u{feff}data: a\n\ndata: \u{feff}b\n\n".as_bytes()])[0],
        data("a")
    );
    assert_eq!(
        split(&["data: \u{feff}b\n\n".as_bytes()]),
        [data("\u{feff}b")]
    );
}

#[test]
fn bytes_that_are_no_text_pass_unchanged() {
    let frame = Frame::Data(Bytes::from_static(b"\xff\x00\xc3"));
    assert_eq!(split(&[b"data: \xff\x00\xc3\n\n"]), [frame]);
}

#[test]
fn the_end_of_the_stream_ends_a_whole_line_but_drops_a_stump() {
    assert_eq!(split(&[b"data: a\n"]), [data("a")]);
    assert_eq!(split(&[b"data: a\n\ndata: [DONE]"]), [data("a"), DONE]);
    assert_eq!(split(&[b"data: a\n\ndata: {\"b\""]), [data("a")]);
    assert_eq!(split(&[b"data: {\ndata: \"b"]), []);
    assert_eq!(split(&[]), []);
}

#[test]
fn a_line_without_an_end_is_not_kept_for_ever() {
    let garbled = [Err(ProviderFailure::Garbled)];
    assert_eq!(split_within(&[b"data: 12345678", b"90"], 15), garbled);
    assert_eq!(split_within(&[b"data: 123456789"], 15).len(), 0);
    assert_eq!(
        split_within(&[b"data: 12345678\n", b"data: 12345678\n", b"\n"], 15),
        garbled
    );
}

#[test]
fn a_line_within_one_chunk_is_not_copied() {
    let chunk = Bytes::from_static(b"data: {\"a\":1}\n\n");
    let mut splitter = FrameSplitter::new(100);
    splitter.push(chunk.clone());
    let Some(Ok(Frame::Data(frame))) = splitter.next_frame() else {
        panic!("a frame is there")
    };
    assert_eq!(frame.as_ptr(), chunk[6..].as_ptr());
}

/// Lines of a stream: what matters, what does not, and text of several bytes per character.
fn line() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[ -~]{0,12}".prop_map(|text| format!("data: {text}")),
        2 => "[äß語🙂 ]{1,4}".prop_map(|text| format!("data:{text}")),
        1 => Just("data: [DONE]".to_owned()),
        1 => ": [a-z]{0,5}",
        1 => "event: [a-z]{0,5}",
        4 => Just(String::new()),
    ]
}

proptest! {
    #[test]
    fn frames_do_not_depend_on_how_the_network_cuts(
        lines in prop::collection::vec((line(), prop::bool::ANY), 0..24),
        cuts in prop::collection::vec(1_usize..20, 1..40),
    ) {
        let mut stream = String::new();
        for (line, crlf) in &lines {
            stream.push_str(line);
            stream.push_str(if *crlf { "\r\n" } else { "\n" });
        }
        let mut rest = stream.as_bytes();
        let mut chunks = Vec::new();
        for cut in cuts.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (chunk, after) = rest.split_at((*cut).min(rest.len()));
            chunks.push(chunk);
            rest = after;
        }
        prop_assert_eq!(split(&chunks), split(&[stream.as_bytes()]));
    }

    #[test]
    fn any_bytes_are_survived(chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..20), 0..10)) {
        let chunks: Vec<&[u8]> = chunks.iter().map(Vec::as_slice).collect();
        let whole = chunks.concat();
        prop_assert_eq!(split(&chunks), split(&[&whole]));
    }
}
