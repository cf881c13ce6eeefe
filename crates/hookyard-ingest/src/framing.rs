//! Follows the framing of HTTP/1.1 messages through a stream of bytes and cuts out their heads.
//!
//! Pure: bytes in, heads out. It reads only what it needs to find the next head: line ends,
//! `content-length` and `transfer-encoding` (RFC 9112, section 6). It validates nothing; where it cannot
//! tell how long a body is, it gives up for the rest of the stream.
//!
//! **Invariant:** nothing is decided on what is found here until [`crate::head`] has compared it with
//! what hyper parsed.

use bytes::Bytes;
use memchr::memchr;

/// Where the stream stands.
#[derive(Debug)]
pub(crate) struct Framing {
    state: State,
    /// The beginning of a head whose end has not come yet.
    partial: Vec<u8>,
    head_bytes_max: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Between messages, where empty lines are skipped.
    Start,
    Head,
    Body {
        left: u64,
    },
    ChunkSize {
        size: u64,
        in_extension: bool,
    },
    /// In a chunk or in the line end behind it.
    Chunk {
        left: u64,
    },
    Trailers {
        line_is_empty: bool,
    },
    Lost,
}

/// How long a message's body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Body {
    Length(u64),
    Chunked,
}

impl Framing {
    /// The start of a stream. Heads longer than `head_bytes_max` are not cut out.
    pub(crate) const fn new(head_bytes_max: usize) -> Self {
        Self { state: State::Start, partial: Vec::new(), head_bytes_max }
    }

    /// Stops following.
    pub(crate) fn give_up(&mut self) {
        self.state = State::Lost;
        self.partial = Vec::new();
    }

    /// Whether it is no longer known where the stream stands.
    pub(crate) const fn is_lost(&self) -> bool {
        matches!(self.state, State::Lost)
    }

    /// Reads on in `bytes` to the end of the next head, and moves `bytes` past what was read. None once
    /// all of `bytes` is read.
    pub(crate) fn next_head(&mut self, bytes: &mut &[u8]) -> Option<Bytes> {
        loop {
            if bytes.is_empty() {
                return None;
            }
            match self.state {
                State::Start => {
                    let line_ends = bytes.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
                    skip(bytes, line_ends);
                    if !bytes.is_empty() {
                        self.state = State::Head;
                    }
                }
                State::Head => return self.head(bytes),
                State::Body { left } => {
                    let left = left - skip_at_most(bytes, left);
                    self.state = if left == 0 { State::Start } else { State::Body { left } };
                }
                State::Chunk { left } => {
                    let left = left - skip_at_most(bytes, left);
                    self.state = if left == 0 { CHUNK_START } else { State::Chunk { left } };
                }
                State::ChunkSize { .. } | State::Trailers { .. } => self.read_byte(bytes),
                State::Lost => *bytes = &[],
            }
        }
    }

    fn head(&mut self, bytes: &mut &[u8]) -> Option<Bytes> {
        let head = if self.partial.is_empty() {
            let Some(end) = head_end(bytes, 0) else {
                return self.keep(bytes);
            };
            Bytes::copy_from_slice(skip(bytes, end))
        } else {
            let known = self.partial.len();
            self.partial.extend_from_slice(bytes);
            let Some(end) = head_end(&self.partial, known.saturating_sub(2)) else {
                self.partial.truncate(known);
                return self.keep(bytes);
            };
            self.partial.truncate(end);
            skip(bytes, end.saturating_sub(known));
            Bytes::from(std::mem::take(&mut self.partial))
        };
        match body_of(&head) {
            _ if head.len() > self.head_bytes_max => self.give_up(),
            None => self.give_up(),
            Some(Body::Length(0)) => self.state = State::Start,
            Some(Body::Length(left)) => self.state = State::Body { left },
            Some(Body::Chunked) => self.state = CHUNK_START,
        }
        Some(head)
    }

    /// Keeps `bytes`, all of them a head's, until its end comes.
    fn keep(&mut self, bytes: &mut &[u8]) -> Option<Bytes> {
        if self.partial.len() + bytes.len() > self.head_bytes_max {
            self.give_up();
        } else {
            self.partial.extend_from_slice(bytes);
        }
        *bytes = &[];
        None
    }

    /// One byte of a chunk's first line or of the trailers.
    fn read_byte(&mut self, bytes: &mut &[u8]) {
        let Some((byte, rest)) = bytes.split_first() else {
            return;
        };
        *bytes = rest;
        self.state = match (self.state, byte) {
            (State::ChunkSize { size: 0, .. }, b'\n') => State::Trailers { line_is_empty: true },
            // Two more for the line end behind the data.
            (State::ChunkSize { size, .. }, b'\n') => match size.checked_add(2) {
                Some(left) => State::Chunk { left },
                None => State::Lost,
            },
            (State::ChunkSize { size, in_extension: false }, digit) if digit.is_ascii_hexdigit() => {
                let digit = u64::from(char::from(*digit).to_digit(16).unwrap_or_default());
                match size.checked_mul(16) {
                    Some(size) => State::ChunkSize { size: size | digit, in_extension: false },
                    None => State::Lost,
                }
            }
            (State::ChunkSize { size, .. }, _) => State::ChunkSize { size, in_extension: true },
            (State::Trailers { line_is_empty: true }, b'\n') => State::Start,
            (State::Trailers { .. }, b'\n') => State::Trailers { line_is_empty: true },
            (trailers @ State::Trailers { .. }, b'\r') => trailers,
            (State::Trailers { .. }, _) => State::Trailers { line_is_empty: false },
            (state, _) => state,
        };
    }
}

const CHUNK_START: State = State::ChunkSize { size: 0, in_extension: false };

/// Moves `bytes` forward by `count` and returns what was passed.
fn skip<'a>(bytes: &mut &'a [u8], count: usize) -> &'a [u8] {
    let (passed, rest) = bytes.split_at_checked(count).unwrap_or((bytes, &[]));
    *bytes = rest;
    passed
}

fn skip_at_most(bytes: &mut &[u8], count: u64) -> u64 {
    let count = usize::try_from(count).unwrap_or(usize::MAX).min(bytes.len());
    skip(bytes, count).len() as u64
}

/// Where the empty line ends that ends the head in `bytes`. No line end before `from` can begin it.
fn head_end(bytes: &[u8], mut from: usize) -> Option<usize> {
    loop {
        let line_end = from + memchr(b'\n', bytes.get(from..)?)? + 1;
        match bytes.get(line_end..)? {
            [b'\n', ..] => return Some(line_end + 1),
            [b'\r', b'\n', ..] => return Some(line_end + 2),
            _ => from = line_end,
        }
    }
}

/// How the message with this head goes on; none where that cannot be told for certain.
fn body_of(mut head: &[u8]) -> Option<Body> {
    let mut length = None;
    let mut chunked = None;
    while let Some(line_end) = memchr(b'\n', head) {
        let line = skip(&mut head, line_end + 1);
        if let Some(value) = value_of(line, b"content-length") {
            let value: u64 = std::str::from_utf8(value).ok()?.parse().ok()?;
            if length.is_some_and(|known| known != value) {
                return None;
            }
            length = Some(value);
        } else if let Some(value) = value_of(line, b"transfer-encoding") {
            let coding = value.rsplit(|byte| *byte == b',').next().unwrap_or_default();
            chunked = Some(coding.trim_ascii().eq_ignore_ascii_case(b"chunked"));
        }
    }
    match chunked {
        Some(true) => Some(Body::Chunked),
        Some(false) => None,
        None => Some(Body::Length(length.unwrap_or(0))),
    }
}

/// The value of a header line if it has this name, which is in lower case.
fn value_of<'a>(line: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let (known, rest) = line.split_at_checked(name.len())?;
    let value = rest.strip_prefix(b":")?;
    known.eq_ignore_ascii_case(name).then(|| value.trim_ascii())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn heads_of(framing: &mut Framing, mut bytes: &[u8]) -> Vec<Bytes> {
        std::iter::from_fn(|| framing.next_head(&mut bytes)).collect()
    }

    #[test]
    fn it_gives_up_where_the_length_cannot_be_told() {
        for lines in [
            "content-length: 3\r\ncontent-length: 4\r\n",
            "content-length: -1\r\n",
            "content-length: 99999999999999999999\r\n",
            "transfer-encoding: gzip\r\n",
            "transfer-encoding: chunked, gzip\r\n",
        ] {
            let mut framing = Framing::new(1_000);
            let head = format!("POST / HTTP/1.1\r\n{lines}\r\n");
            assert_eq!(heads_of(&mut framing, head.as_bytes()), [head.as_bytes()], "{lines}");
            assert!(framing.is_lost(), "{lines}");
        }
    }

    #[test]
    fn a_head_over_the_limit_is_not_kept() {
        let mut framing = Framing::new(100);
        assert!(heads_of(&mut framing, b"POST / HTTP/1.1\r\n").is_empty());
        assert!(heads_of(&mut framing, &[b'a'; 90]).is_empty());
        assert!(framing.is_lost());
        assert_eq!(framing.partial.capacity(), 0);
    }

    #[test]
    fn empty_lines_and_bare_line_feeds_do_not_lose_it() {
        let mut framing = Framing::new(1_000);
        let stream = b"\r\n\n\r\nGET /a HTTP/1.1\nhost: x\n\nGET /b HTTP/1.1\r\n\r\n";
        let expected: [&[u8]; 2] = [b"GET /a HTTP/1.1\nhost: x\n\n", b"GET /b HTTP/1.1\r\n\r\n"];
        assert_eq!(heads_of(&mut framing, stream), expected);
    }

    /// A body that is full of what a careless reader would take for a head.
    fn body() -> impl Strategy<Value = Vec<u8>> {
        let pieces: [&[u8]; 6] = [
            b"\r\n\r\n",
            b"POST /x HTTP/1.1\r\ncontent-length: 9\r\n\r\n",
            b"0\r\n\r\n",
            b"\n",
            b"\r",
            b"transfer-encoding: chunked",
        ];
        prop::collection::vec(prop::sample::select(pieces.to_vec()), 0..6).prop_map(|pieces| pieces.concat())
    }

    /// One message: its head and what follows it.
    fn message() -> impl Strategy<Value = (Vec<u8>, Vec<u8>)> {
        (
            body(),
            0..4_u8,
            "[A-Z]{3,7} /[a-z]{0,9}",
            prop::collection::vec("[A-Za-z-]{1,9}: ?[a-z:]{0,9}", 0..4),
        )
            .prop_map(|(body, kind, request_line, lines)| {
                let lines: String = lines.iter().map(|line| format!("x{line}\r\n")).collect();
                let (framing, rest) = match kind {
                    0 => (String::new(), Vec::new()),
                    1 => (format!("Content-LENGTH:{} \r\n", body.len()), body),
                    _ => ("transfer-encoding: gzip, Chunked\r\n".to_owned(), chunked(&body, kind == 2)),
                };
                (format!("{request_line} HTTP/1.1\r\n{lines}{framing}\r\n").into_bytes(), rest)
            })
    }

    fn chunked(body: &[u8], trailers: bool) -> Vec<u8> {
        let mut out = Vec::new();
        for chunk in body.chunks(7) {
            out.extend(format!("{:X};name=\"1f\"\r\n", chunk.len()).bytes());
            out.extend(chunk);
            out.extend(b"\r\n");
        }
        out.extend(if trailers { &b"00\r\nx-sum: 0\r\nx: 1\r\n\r\n"[..] } else { b"0\r\n\r\n" });
        out
    }

    proptest! {
        #[test]
        fn heads_come_out_exactly_however_the_stream_is_cut(
            messages in prop::collection::vec(message(), 1..6),
            reads in prop::collection::vec(1..40_usize, 1..20),
        ) {
            let stream: Vec<u8> = messages.iter().flat_map(|(head, rest)| [&head[..], rest].concat()).collect();
            let mut framing = Framing::new(1_000);
            let mut found = Vec::new();
            let mut left = &stream[..];
            for read in reads.iter().cycle() {
                let (bytes, rest) = left.split_at((*read).min(left.len()));
                found.extend(heads_of(&mut framing, bytes));
                left = rest;
                if left.is_empty() {
                    break;
                }
            }
            let heads: Vec<&[u8]> = messages.iter().map(|(head, _)| &head[..]).collect();
            prop_assert_eq!(found, heads);
            prop_assert_eq!(framing.state, State::Start);
        }

        #[test]
        fn no_bytes_make_it_fail(stream in prop::collection::vec(any::<u8>(), 0..400), cut in 0..400_usize) {
            let mut framing = Framing::new(100);
            let (first, second) = stream.split_at(cut.min(stream.len()));
            let found = [heads_of(&mut framing, first), heads_of(&mut framing, second)].concat();
            prop_assert!(found.iter().map(Bytes::len).sum::<usize>() <= stream.len());
        }
    }
}
