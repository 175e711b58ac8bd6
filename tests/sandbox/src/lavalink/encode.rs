//! The track encoding of Lavalink, versions 1 to 3: base64 of one framed message.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// A track as the encoding holds it. What is not stored (`isSeekable`) follows from `is_stream`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrackData {
    /// Title.
    pub title: String,
    /// Author.
    pub author: String,
    /// Length, ms; `i64::MAX` for a live stream.
    pub length: i64,
    /// Identifier of the source.
    pub identifier: String,
    /// Live stream.
    pub is_stream: bool,
    /// Page.
    pub uri: Option<String>,
    /// Picture.
    pub artwork_url: Option<String>,
    /// Recording code.
    pub isrc: Option<String>,
    /// Source, such as `http`.
    pub source_name: String,
    /// Container, for the sources `http` and `local`.
    pub probe_info: Option<String>,
    /// Position, ms.
    pub position: i64,
}

/// Why an encoded track can't be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// Valid base64 that ends too soon.
    Short,
    /// Anything else: the error that the node reports, class and message.
    Bad(String),
}

impl TrackData {
    /// The encoded string, version 3.
    pub fn encode(&self) -> String {
        self.encode_version(3)
    }

    /// The encoded string of an older version.
    pub fn encode_version(&self, version: u8) -> String {
        let mut body = vec![version];
        put_text(&mut body, &self.title);
        put_text(&mut body, &self.author);
        body.extend_from_slice(&self.length.to_be_bytes());
        put_text(&mut body, &self.identifier);
        body.push(u8::from(self.is_stream));
        if version >= 2 {
            put_optional(&mut body, self.uri.as_deref());
        }
        if version >= 3 {
            put_optional(&mut body, self.artwork_url.as_deref());
            put_optional(&mut body, self.isrc.as_deref());
        }
        put_text(&mut body, &self.source_name);
        if let Some(probe) = &self.probe_info {
            put_text(&mut body, probe);
        }
        body.extend_from_slice(&self.position.to_be_bytes());
        let length = u32::try_from(body.len()).unwrap_or(0) | (1 << 30);
        let mut framed = length.to_be_bytes().to_vec();
        framed.extend_from_slice(&body);
        STANDARD.encode(&framed)
    }

    /// Reads an encoded string of any version.
    pub fn decode(text: &str) -> Result<Self, DecodeError> {
        let bytes = STANDARD
            .decode(text)
            .map_err(|error| DecodeError::Bad(base64_error(&error)))?;
        let mut rest = Reader(&bytes);
        let frame = rest.u32()?;
        let versioned = frame >> 30 & 1 == 1;
        let version = if versioned { rest.u8()? } else { 1 };
        let title = rest.text()?;
        let author = rest.text()?;
        let length = rest.i64()?;
        let identifier = rest.text()?;
        let is_stream = rest.u8()? != 0;
        let uri = if version >= 2 { rest.optional()? } else { None };
        let (artwork_url, isrc) = if version >= 3 {
            (rest.optional()?, rest.optional()?)
        } else {
            (None, None)
        };
        let source_name = rest.text()?;
        let probe_info = match source_name.as_str() {
            "http" | "local" => Some(rest.text()?),
            // A source of a plugin: it keeps nothing beyond its id.
            "youtube" => None,
            _ => return Err(unknown()),
        };
        if let Some(probe) = &probe_info {
            let container = probe.split('|').next().unwrap_or_default();
            let known = [
                "mp3",
                "wav",
                "flac",
                "ogg",
                "mp4",
                "matroska/webm",
                "adts",
                "mpegts-adts",
            ];
            if !known.contains(&container) {
                return Err(unknown());
            }
        }
        let position = rest.i64()?;
        Ok(Self {
            title,
            author,
            length,
            identifier,
            is_stream,
            uri,
            artwork_url,
            isrc,
            source_name,
            probe_info,
            position,
        })
    }

    /// The track object of the REST interface, with `position` written into it.
    pub fn json(&self, position: i64, user_data: &Value) -> Value {
        let here = Self {
            position,
            ..self.clone()
        };
        let plugin_info = here
            .probe_info
            .as_ref()
            .map_or_else(|| json!({}), |probe| json!({ "probeInfo": probe.split('|').next() }));
        json!({
            "encoded": here.encode(),
            "info": {
                "identifier": here.identifier, "isSeekable": !here.is_stream, "author": here.author,
                "length": here.length, "isStream": here.is_stream, "position": position, "title": here.title,
                "uri": here.uri, "sourceName": here.source_name, "artworkUrl": here.artwork_url, "isrc": here.isrc,
            },
            "pluginInfo": plugin_info,
            "userData": user_data,
        })
    }
}

fn unknown() -> DecodeError {
    DecodeError::Bad(
        "java.lang.IllegalStateException: Failed to decode track due to a mismatching version or missing source manager"
            .into(),
    )
}

fn base64_error(error: &base64::DecodeError) -> String {
    let why = match error {
        base64::DecodeError::InvalidByte(_, byte) => format!("Illegal base64 character {byte:x}"),
        base64::DecodeError::InvalidLength(_)
        | base64::DecodeError::InvalidLastSymbol(..)
        | base64::DecodeError::InvalidPadding => "Input byte array has wrong 4-byte ending unit".to_owned(),
    };
    format!("java.lang.IllegalArgumentException: {why}")
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    // Java's modified UTF-8: NUL in two bytes, everything beyond the basic plane as two surrogates of three bytes.
    let mut bytes = Vec::with_capacity(text.len());
    for unit in text.encode_utf16() {
        match unit {
            0x0001..=0x007F => bytes.push(unit.to_le_bytes()[0]),
            0 | 0x0080..=0x07FF => bytes.extend([0xC0 | byte(unit >> 6), 0x80 | byte(unit & 0x3F)]),
            0x0800.. => bytes.extend([
                0xE0 | byte(unit >> 12),
                0x80 | byte(unit >> 6 & 0x3F),
                0x80 | byte(unit & 0x3F),
            ]),
        }
    }
    out.extend_from_slice(&u16::try_from(bytes.len()).unwrap_or(u16::MAX).to_be_bytes());
    bytes.truncate(usize::from(u16::MAX));
    out.extend_from_slice(&bytes);
}

const fn byte(unit: u16) -> u8 {
    unit.to_le_bytes()[0]
}

fn put_optional(out: &mut Vec<u8>, text: Option<&str>) {
    out.push(u8::from(text.is_some()));
    if let Some(text) = text {
        put_text(out, text);
    }
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let (head, rest) = self.0.split_first_chunk::<N>().ok_or(DecodeError::Short)?;
        self.0 = rest;
        Ok(*head)
    }

    fn u8(&mut self) -> Result<u8, DecodeError> {
        self.take::<1>().map(|[byte]| byte)
    }

    fn u32(&mut self) -> Result<u32, DecodeError> {
        self.take().map(u32::from_be_bytes)
    }

    fn i64(&mut self) -> Result<i64, DecodeError> {
        self.take().map(i64::from_be_bytes)
    }

    fn text(&mut self) -> Result<String, DecodeError> {
        let length = usize::from(u16::from_be_bytes(self.take()?));
        if self.0.len() < length {
            return Err(DecodeError::Short);
        }
        let (head, rest) = self.0.split_at(length);
        self.0 = rest;
        let mut units = Vec::with_capacity(length);
        let mut bytes = head.iter().map(|byte| u16::from(*byte));
        while let Some(first) = bytes.next() {
            let mut more = || bytes.next().unwrap_or(0) & 0x3F;
            units.push(match first {
                0xE0.. => (first & 0x0F) << 12 | more() << 6 | more(),
                0xC0..0xE0 => (first & 0x1F) << 6 | more(),
                0..0xC0 => first,
            });
        }
        Ok(String::from_utf16_lossy(&units))
    }

    fn optional(&mut self) -> Result<Option<String>, DecodeError> {
        if self.u8()? == 0 {
            Ok(None)
        } else {
            self.text().map(Some)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_track_comes_out_byte_for_byte() {
        let track = TrackData {
            title: "Sine A".into(),
            author: "Spike".into(),
            length: 8_000,
            identifier: "http://127.0.0.1:8099/t.wav".into(),
            uri: Some("http://127.0.0.1:8099/t.wav".into()),
            source_name: "http".into(),
            probe_info: Some("wav".into()),
            ..TrackData::default()
        };
        let expected = "QAAAaQMABlNpbmUgQQAFU3Bpa2UAAAAAAAAfQAAbaHR0cDovLzEyNy4wLjAuMTo4MDk5L3Qud2F2AAEAG2h0dHA6Ly8xMjcuMC4wLjE6ODA5OS90LndhdgAAAARodHRwAAN3YXYAAAAAAAAAAA==";
        assert_eq!(track.encode(), expected);
        assert_eq!(TrackData::decode(expected), Ok(track));
    }

    #[test]
    fn every_version_and_every_plane_comes_back() {
        for version in 1..=3 {
            let track = TrackData {
                title: "é 漢 𝄞 \0".into(),
                identifier: "x".into(),
                source_name: "http".into(),
                probe_info: Some("mp3".into()),
                uri: (version >= 2).then(|| "u".into()),
                isrc: (version >= 3).then(|| "i".into()),
                position: 7,
                ..TrackData::default()
            };
            assert_eq!(TrackData::decode(&track.encode_version(version)), Ok(track));
        }
        assert_eq!(TrackData::decode("AAAA"), Err(DecodeError::Short));
        assert!(matches!(TrackData::decode("!"), Err(DecodeError::Bad(_))));
    }
}
