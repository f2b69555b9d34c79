//! Takes connections and answers what is asked on them, until it is told to stop.
//!
//! HTTP is hyper's. When a request is answered by a stream of changes, the socket is taken out of hyper's hands and goes on
//! as [`crate::raw`]: the same answer, without the buffers.

use std::convert::Infallible;
use std::future::{self, Future};
use std::io::{self, ErrorKind, IoSlice};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::Method;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use sapwood_engine::Engine;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

use crate::app::Options;
use crate::follow::Takeable;
use crate::front::Front;
use crate::limits::ACCEPT_PAUSE;
use crate::raw::Handed;
use crate::router::front;

/// Serves until `stop`; then takes no more connections, ends streams, and gives answers in flight so much `grace` to be
/// written. Readers of streams resume by the last id they saw.
pub async fn serve(
    listener: TcpListener,
    engine: Engine,
    options: Options,
    stop: impl Future<Output = ()>,
    grace: Duration,
) {
    let front = front(engine.clone(), options);
    let (stopping, stopped) = watch::channel(());
    // Nobody sends: that all senders are gone says that all connections are.
    let (open, mut all_gone) = mpsc::channel::<Infallible>(1);
    let taking = async {
        loop {
            let socket = accepted(&listener).await;
            tokio::spawn(connection(socket, front.clone(), stopped.clone(), open.clone()));
        }
    };
    tokio::select! {
        () = taking => {}
        () = stop => {}
    }
    drop((listener, open, stopped));
    // Every connection hears of it by the sender's end.
    drop(stopping);
    engine.end_streams();
    if timeout(grace, all_gone.recv()).await.is_err() {
        tracing::info!("connections that were still open are cut");
    }
}

/// The next connection.
async fn accepted(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((socket, _)) => {
                // An answer or a message is sent when it is written: nothing more is coming that it could wait for.
                if let Err(error) = socket.set_nodelay(true) {
                    tracing::debug!("a connection collects what it sends: {error}");
                }
                return socket;
            }
            // Who asked is gone again, and that is all.
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::ConnectionRefused | ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset
                ) => {}
            Err(error) => {
                tracing::error!(
                    "no connection can be taken: {error}; if too many files are open, raise the limit of this process \
                     (`ulimit -n`, `LimitNOFILE=`): every connection and every stream is one"
                );
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Answers what is asked on a connection, one after another; if one answer is a stream, that is the last.
async fn connection(
    socket: TcpStream,
    front: Front,
    mut stopped: watch::Receiver<()>,
    open: mpsc::Sender<Infallible>,
) {
    let lent = Arc::<Lent>::default();
    let wire = Wire { socket, lent: Arc::clone(&lent) };
    let door = Door { front, lent: Arc::clone(&lent) };
    let mut answering = http1::Builder::new().serve_connection(TokioIo::new(wire), door);
    let handed = {
        let mut stop = pin!(stopped.changed());
        let mut is_stopping = false;
        future::poll_fn(|cx| {
            if !is_stopping && stop.as_mut().poll(cx).is_ready() {
                is_stopping = true;
                Pin::new(&mut answering).graceful_shutdown();
            }
            match Pin::new(&mut answering).poll(cx) {
                Poll::Ready(ended) => {
                    if let Err(error) = ended {
                        tracing::debug!("a connection ended: {error}");
                    }
                    Poll::Ready(None)
                }
                Poll::Pending => lent.handed().map_or(Poll::Pending, |handed| Poll::Ready(Some(handed))),
            }
        })
        .await
    };
    let Some(handed) = handed else { return };
    let parts = answering.into_parts();
    let (spoken, Wire { socket, .. }) = (parts.read_buf.len(), parts.io.into_inner());
    // A task of its own, which is as small as a stream is; this one has room for a whole connection.
    tokio::spawn(async move {
        handed.write(socket, spoken).await;
        drop(open);
    });
}

/// What a connection, its socket and its service share.
#[derive(Default)]
struct Lent {
    handed: Mutex<Option<Handed>>,
    /// Something of an earlier answer is not with the kernel yet.
    is_unflushed: AtomicBool,
}

impl Lent {
    fn hand(&self, handed: Handed) {
        *self.handed.lock().unwrap_or_else(PoisonError::into_inner) = Some(handed);
    }

    /// The stream that was answered with, once everything before it is written.
    fn handed(&self) -> Option<Handed> {
        if self.is_unflushed.load(Ordering::Relaxed) {
            return None;
        }
        self.handed.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Answers requests, and keeps back an answer that is a stream.
struct Door {
    front: Front,
    lent: Arc<Lent>,
}

impl hyper::service::Service<Request<Incoming>> for Door {
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let (front, lent) = (self.front.clone(), Arc::clone(&self.lent));
        Box::pin(async move {
            // `HEAD` is answered by the same handlers, and then without a body.
            let version = (request.method() == Method::GET).then(|| request.version());
            let mut response = front.answer(request.map(Body::new)).await;
            let takeable = response.extensions_mut().remove::<Takeable>();
            if let Some((version, follow)) = version.zip(takeable.and_then(|takeable| takeable.take())) {
                let headers = std::mem::take(response.headers_mut());
                lent.hand(Handed { version, headers, follow });
                // The connection looks for it as soon as this waits, and takes everything apart.
                future::pending::<()>().await;
            }
            Ok(response)
        })
    }
}

/// A socket that knows whether all that was written is with the kernel: hyper asks to flush only when its own buffer is
/// empty.
struct Wire {
    socket: TcpStream,
    lent: Arc<Lent>,
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_read(cx, into)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.lent.is_unflushed.store(true, Ordering::Relaxed);
        Pin::new(&mut self.socket).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.lent.is_unflushed.store(true, Ordering::Relaxed);
        Pin::new(&mut self.socket).poll_write_vectored(cx, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.socket).poll_flush(cx);
        if matches!(flushed, Poll::Ready(Ok(()))) {
            self.lent.is_unflushed.store(false, Ordering::Relaxed);
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}
