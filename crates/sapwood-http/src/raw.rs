//! Streams of changes without the machinery of HTTP: once a request was answered by a stream, nothing is left to parse, and
//! what is left to do is to write the same bytes to many. A stream costs its socket, a place in what it follows, and a
//! timer; buffers for requests and answers it has none.

use std::io::{self, ErrorKind, IoSlice};
use std::pin::pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, SystemTime};

use axum::http::{HeaderMap, Version, header};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::follow::Follow;
use crate::limits::{READER_SPEAKS_MAX, READER_TAKES_WITHIN};

/// A stream that was answered with, and whose answer nobody wrote yet.
pub(crate) struct Handed {
    pub(crate) version: Version,
    pub(crate) headers: HeaderMap,
    pub(crate) follow: Box<Follow>,
}

impl Handed {
    /// Writes the stream to its end, or until its reader is gone or takes nothing any more. `spoken` are bytes that came
    /// after the request.
    pub(crate) async fn write(self, socket: TcpStream, spoken: usize) {
        let head = self.head();
        let is_framed = self.version != Version::HTTP_10;
        let mut follow = self.follow;
        drop(self.headers);
        if let Err(error) = written(&socket, &mut follow, head, is_framed, spoken).await {
            tracing::debug!(%error, "a stream broke off");
        }
    }

    /// The head of the answer. The connection ends with the stream: nothing else was asked for on it.
    fn head(&self) -> Vec<u8> {
        let mut head = b"HTTP/1.1 200 OK\r\n".to_vec();
        let mut line = |name: &[u8], value: &[u8]| {
            head.extend_from_slice(name);
            head.extend_from_slice(b": ");
            head.extend_from_slice(value);
            head.extend_from_slice(b"\r\n");
        };
        for (name, value) in &self.headers {
            line(name.as_str().as_bytes(), value.as_bytes());
        }
        let now = u64::try_from(self.follow.engine().now().ms()).unwrap_or(0);
        let now = httpdate::fmt_http_date(SystemTime::UNIX_EPOCH + Duration::from_millis(now));
        line(header::DATE.as_str().as_bytes(), now.as_bytes());
        line(header::CONNECTION.as_str().as_bytes(), b"close");
        if self.version != Version::HTTP_10 {
            line(header::TRANSFER_ENCODING.as_str().as_bytes(), b"chunked");
        }
        head.extend_from_slice(b"\r\n");
        head
    }
}

async fn written(
    socket: &TcpStream,
    follow: &mut Follow,
    head: Vec<u8>,
    is_framed: bool,
    mut spoken: usize,
) -> io::Result<()> {
    send(socket, [&head, b"", b""]).await?;
    drop(head);
    loop {
        let said = {
            let (mut next, mut gone) =
                (pin!(follow.next()), std::future::poll_fn(|cx| gone(socket, &mut spoken, cx)));
            tokio::select! {
                said = &mut next => said,
                () = &mut gone => return Ok(()),
            }
        };
        match said {
            Some(said) if is_framed => {
                let bytes = said.as_bytes();
                let (size, digits) = size_line(bytes.len());
                send(socket, [size.get(digits..).unwrap_or_default(), bytes, b"\r\n"]).await?;
            }
            Some(said) => send(socket, [said.as_bytes(), b"", b""]).await?,
            None if is_framed => return send(socket, [b"0\r\n\r\n", b"", b""]).await,
            None => return Ok(()),
        }
    }
}

/// Bytes that the length of a chunk takes at most, with its end of line.
const SIZE_LINE: usize = 18;

/// The length of a chunk in hexadecimal digits with its end of line, and where in the array it begins.
fn size_line(bytes: usize) -> ([u8; SIZE_LINE], usize) {
    let mut line = [0; SIZE_LINE];
    let (mut rest, mut begins) = (bytes, SIZE_LINE);
    let mut put = |byte: u8| {
        begins = begins.saturating_sub(1);
        if let Some(place) = line.get_mut(begins) {
            *place = byte;
        }
    };
    put(b'\n');
    put(b'\r');
    loop {
        let digit = b"0123456789abcdef".get(rest % 16).copied().unwrap_or(b'0');
        put(digit);
        rest /= 16;
        if rest == 0 {
            return (line, begins);
        }
    }
}

/// Writes all of it, for as long as the reader takes some of it in time.
async fn send(socket: &TcpStream, parts: [&[u8]; 3]) -> io::Result<()> {
    let mut left = parts;
    while left.iter().any(|part| !part.is_empty()) {
        match socket.try_write_vectored(&left.map(IoSlice::new)) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(taken) => left = rest(left, taken),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                // In a box, because nearly all streams never wait here and none should have room for it.
                let writable = Box::pin(timeout(READER_TAKES_WITHIN, socket.writable()));
                writable.await.map_err(|_| io::Error::from(ErrorKind::TimedOut))??;
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// What of the parts is left when so many bytes of them were taken.
fn rest(parts: [&[u8]; 3], mut taken: usize) -> [&[u8]; 3] {
    parts.map(|part| {
        let of_this = taken.min(part.len());
        taken = taken.saturating_sub(of_this);
        part.get(of_this..).unwrap_or_default()
    })
}

/// Ready when the reader is gone, or says more than somebody who listens has to say.
fn gone(socket: &TcpStream, spoken: &mut usize, cx: &mut Context<'_>) -> Poll<()> {
    let mut heard = [0; 512];
    loop {
        if ready!(socket.poll_read_ready(cx)).is_err() {
            return Poll::Ready(());
        }
        match socket.try_read(&mut heard) {
            Ok(0) => return Poll::Ready(()),
            Ok(bytes) => {
                *spoken = spoken.saturating_add(bytes);
                if *spoken > READER_SPEAKS_MAX {
                    return Poll::Ready(());
                }
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
            Err(_) => return Poll::Ready(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunk_says_its_length() {
        for (bytes, expected) in
            [(0, "0\r\n"), (9, "9\r\n"), (10, "a\r\n"), (16, "10\r\n"), (0xdead_beef, "deadbeef\r\n")]
        {
            let (line, begins) = size_line(bytes);
            assert_eq!(std::str::from_utf8(&line[begins..]), Ok(expected));
        }
        let (line, begins) = size_line(usize::MAX);
        assert_eq!(&line[begins..], b"ffffffffffffffff\r\n");
    }

    #[test]
    fn what_was_taken_is_not_sent_again() {
        let parts: [&[u8]; 3] = [b"ab", b"", b"cde"];
        for taken in 0..=5 {
            assert_eq!(rest(parts, taken).concat(), b"abcde"[taken..]);
        }
    }
}
