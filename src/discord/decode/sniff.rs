//! What a frame is, read from the raw text before anything is decoded.

/// The outside of a frame. What is missing or `null` is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Envelope<'a> {
    /// Opcode (`op`).
    pub(crate) op: Option<u64>,
    /// Sequence number (`s`), of dispatches only.
    pub(crate) sequence: Option<u64>,
    /// Name of the event (`t`), of dispatches only.
    pub(crate) name: Option<&'a str>,
    /// The text from the first byte of `d` on. It may go on behind the value: read one value and leave the rest.
    pub(crate) data: Option<&'a str>,
}

impl Envelope<'_> {
    fn is_complete(&self) -> bool {
        self.op.is_some() && self.sequence.is_some() && self.name.is_some() && self.data.is_some()
    }
}

/// Reads the outside of a frame; `None` when the text is no JSON object. What lies inside `d` is skipped, and not even
/// that when everything else stands before it.
pub(crate) fn sniff(text: &str) -> Option<Envelope<'_>> {
    let mut reader = Reader { text, at: 0 };
    let mut envelope = Envelope::default();
    reader.expect(b'{')?;
    if reader.peek()? == b'}' {
        return Some(envelope);
    }
    loop {
        let key = reader.string()?;
        reader.expect(b':')?;
        let _ = reader.peek()?;
        match key {
            "op" => envelope.op = reader.number()?,
            "s" => envelope.sequence = reader.number()?,
            "t" => envelope.name = reader.name()?,
            "d" => {
                envelope.data = text.get(reader.at..);
                if envelope.is_complete() {
                    return Some(envelope);
                }
                reader.skip()?;
            }
            _ => reader.skip()?,
        }
        match reader.peek()? {
            b',' => reader.at += 1,
            b'}' => return Some(envelope),
            _ => return None,
        }
        let _ = reader.peek()?;
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    /// The next byte that is no white space, which then is the one at `at`.
    fn peek(&mut self) -> Option<u8> {
        loop {
            match *self.text.as_bytes().get(self.at)? {
                b' ' | b'\t' | b'\n' | b'\r' => self.at += 1,
                byte => return Some(byte),
            }
        }
    }

    fn expect(&mut self, wanted: u8) -> Option<()> {
        (self.peek()? == wanted).then(|| self.at += 1)
    }

    /// A string as it is written, escapes included: names of keys and events have none.
    fn string(&mut self) -> Option<&'a str> {
        self.expect(b'"')?;
        let from = self.at;
        let bytes = self.text.as_bytes();
        loop {
            match *bytes.get(self.at)? {
                b'"' => {
                    let string = self.text.get(from..self.at);
                    self.at += 1;
                    return string;
                }
                b'\\' => self.at += 2,
                _ => self.at += 1,
            }
        }
    }

    /// A word without quotes: a number, `true`, `null`.
    fn word(&mut self) -> Option<&'a str> {
        let from = self.at;
        let bytes = self.text.as_bytes();
        while let Some(byte) = bytes.get(self.at) {
            if matches!(byte, b',' | b'}' | b']' | b' ' | b'\t' | b'\n' | b'\r') {
                break;
            }
            self.at += 1;
        }
        self.text.get(from..self.at).filter(|word| !word.is_empty())
    }

    /// A number, bare or in a string; `Some(None)` for anything else that is one value.
    fn number(&mut self) -> Option<Option<u64>> {
        match self.peek()? {
            b'"' => Some(self.string()?.parse().ok()),
            b'{' | b'[' => self.skip().map(|()| None),
            _ => Some(self.word()?.parse().ok()),
        }
    }

    fn name(&mut self) -> Option<Option<&'a str>> {
        if self.peek()? == b'"' {
            return self.string().map(Some);
        }
        self.skip().map(|()| None)
    }

    /// Goes behind one value, whatever it is.
    fn skip(&mut self) -> Option<()> {
        let mut depth = 0_usize;
        loop {
            match self.peek()? {
                b'"' => {
                    self.string()?;
                }
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                    continue;
                }
                b'}' | b']' => {
                    depth = depth.checked_sub(1)?;
                    self.at += 1;
                }
                b',' | b':' if depth > 0 => {
                    self.at += 1;
                    continue;
                }
                _ => {
                    self.word_within()?;
                }
            }
            if depth == 0 {
                return Some(());
            }
        }
    }

    /// A bare word inside of a value that is skipped.
    fn word_within(&mut self) -> Option<()> {
        let from = self.at;
        let bytes = self.text.as_bytes();
        while let Some(byte) = bytes.get(self.at) {
            if matches!(
                byte,
                b',' | b':' | b'}' | b']' | b'{' | b'[' | b'"' | b' ' | b'\t' | b'\n' | b'\r'
            ) {
                break;
            }
            self.at += 1;
        }
        (self.at > from).then_some(())
    }
}
