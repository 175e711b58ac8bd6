//! How messages leave a socket: plain, each compressed by itself, or all through one stream.

use flate2::{Compress, Compression, FlushCompress, Status};
use tokio_tungstenite::tungstenite::Message;

/// Messages shorter than this are not worth compressing by themselves.
const WORTH: usize = 512;

/// The way out of one socket.
#[derive(Debug)]
pub(super) enum Way {
    /// Text, or single messages compressed once IDENTIFY asked for it.
    Plain,
    /// One zlib stream over the whole connection, flushed after each message.
    Stream(Box<Compress>),
}

impl Way {
    pub(super) fn stream() -> Self {
        Self::Stream(Box::new(Compress::new(Compression::fast(), true)))
    }

    /// The frames that carry `text`. `payload` says that single messages may be compressed, `split` that a
    /// compressed message comes in more than one frame.
    pub(super) fn frames(&mut self, text: &str, payload: bool, split: bool) -> Vec<Message> {
        let bytes = match self {
            Self::Plain if payload && text.len() >= WORTH => {
                let mut once = Compress::new(Compression::fast(), true);
                return vec![Message::binary(deflate(&mut once, text, FlushCompress::Finish))];
            }
            Self::Plain => return vec![Message::text(text)],
            Self::Stream(stream) => deflate(stream, text, FlushCompress::Sync),
        };
        if !split || bytes.len() < 2 {
            return vec![Message::binary(bytes)];
        }
        // The last cut lies inside the marker that ends a message.
        let cuts = [bytes.len() / 3, bytes.len() - 2];
        let parts = [&bytes[..cuts[0]], &bytes[cuts[0]..cuts[1]], &bytes[cuts[1]..]];
        parts
            .into_iter()
            .filter(|part| !part.is_empty())
            .map(|part| Message::binary(part.to_vec()))
            .collect()
    }
}

fn deflate(stream: &mut Compress, text: &str, flush: FlushCompress) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() / 2 + 64);
    let start = stream.total_in();
    loop {
        let done = usize::try_from(stream.total_in() - start).unwrap_or(usize::MAX);
        let rest = &text.as_bytes()[done.min(text.len())..];
        let status = stream.compress_vec(rest, &mut out, flush);
        let taken = usize::try_from(stream.total_in() - start).unwrap_or(usize::MAX) >= text.len();
        // Room left over says that nothing waits inside any more.
        if matches!(status, Ok(Status::StreamEnd)) || (taken && out.len() < out.capacity()) || status.is_err() {
            return out;
        }
        out.reserve(text.len() / 2 + 64);
    }
}

#[cfg(test)]
mod tests {
    use flate2::{Decompress, FlushDecompress};

    use super::*;

    fn bytes(frames: Vec<Message>) -> Vec<u8> {
        frames
            .into_iter()
            .flat_map(|frame| frame.into_data().to_vec())
            .collect()
    }

    #[test]
    fn one_stream_carries_all_messages_and_each_ends_with_the_marker() {
        let mut way = Way::stream();
        let mut inflate = Decompress::new(true);
        for text in ["short".to_owned(), "long ".repeat(50_000), String::from("{}")] {
            for split in [false, true] {
                let frames = way.frames(&text, false, split);
                assert!(frames.len() == if split { 3 } else { 1 });
                let data = bytes(frames);
                assert!(data.ends_with(&[0, 0, 0xff, 0xff]));
                let mut out = Vec::with_capacity(text.len() + 64);
                inflate
                    .decompress_vec(&data, &mut out, FlushDecompress::Sync)
                    .expect("inflates");
                assert_eq!(String::from_utf8(out).expect("text"), text);
            }
        }
    }

    #[test]
    fn a_message_by_itself_is_a_whole_stream() {
        let text = "again and ".repeat(100);
        let data = bytes(Way::Plain.frames(&text, true, false));
        assert!(data.len() < text.len());
        let mut out = Vec::with_capacity(text.len() + 64);
        let status = Decompress::new(true).decompress_vec(&data, &mut out, FlushDecompress::Finish);
        assert_eq!(status.expect("inflates"), Status::StreamEnd);
        assert_eq!(out, text.as_bytes());
        assert_eq!(Way::Plain.frames("{}", true, false), [Message::text("{}")]);
    }
}
