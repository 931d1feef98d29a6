//! A TCP connection, plain or with TLS, that can be cut from outside, so that a client sees it closed before a response head.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::task::{Context, Poll, ready};

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use futures_util::task::AtomicWaker;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{Accept, TlsAcceptor};

use super::faults::lock;

/// The switch of one connection.
#[derive(Clone, Debug, Default)]
pub(crate) struct Connection(Arc<Switch>);

#[derive(Debug, Default)]
pub(crate) struct Switch {
    cut: AtomicBool,
    waker: AtomicWaker,
}

impl Connection {
    /// Makes every further read and write fail, which closes the socket.
    pub(crate) fn cut(&self) {
        self.0.cut();
    }
}

impl Switch {
    pub(crate) fn cut(&self) {
        self.cut.store(true, Ordering::SeqCst);
        self.waker.wake();
    }

    fn check(&self, context: &Context<'_>) -> io::Result<()> {
        self.waker.register(context.waker());
        if self.cut.load(Ordering::SeqCst) {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        Ok(())
    }
}

/// All connections of one port, so that they can be cut together.
pub(crate) type Open = Arc<Mutex<Vec<Weak<Switch>>>>;

/// A listener whose connections can be cut.
pub(crate) struct CuttableListener {
    pub(crate) listener: TcpListener,
    pub(crate) open: Open,
    /// Makes the connections https.
    pub(crate) acceptor: Option<TlsAcceptor>,
}

impl Listener for CuttableListener {
    type Io = CuttableStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        let (stream, address) = Listener::accept(&mut self.listener).await;
        // Small answers must not wait for an acknowledgement; a failure only costs speed.
        let _ = stream.set_nodelay(true);
        let connection = Connection::default();
        let mut open = lock(&self.open);
        open.retain(|switch| switch.strong_count() > 0);
        open.push(Arc::downgrade(&connection.0));
        let transport = match &self.acceptor {
            Some(acceptor) => Transport::Handshake(Box::new(acceptor.accept(stream))),
            None => Transport::Established(Box::new(stream)),
        };
        (CuttableStream { transport, connection }, address)
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.listener.local_addr()
    }
}

/// What carries a connection's bytes.
enum Transport {
    /// TLS is still being agreed. Done by the first read or write, so that a slow client holds up nobody else.
    Handshake(Box<Accept<TcpStream>>),
    Established(Box<dyn Duplex>),
}

trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// A stream that fails once its connection is cut.
pub(crate) struct CuttableStream {
    transport: Transport,
    connection: Connection,
}

impl Connected<IncomingStream<'_, CuttableListener>> for Connection {
    fn connect_info(stream: IncomingStream<'_, CuttableListener>) -> Self {
        stream.io().connection.clone()
    }
}

impl CuttableStream {
    fn poll_established(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<Pin<&mut (dyn Duplex + 'static)>>> {
        if let Transport::Handshake(accept) = &mut self.transport {
            let secured = ready!(Pin::new(accept).poll(context))?;
            self.transport = Transport::Established(Box::new(secured));
        }
        match &mut self.transport {
            Transport::Established(stream) => Poll::Ready(Ok(Pin::new(stream.as_mut()))),
            Transport::Handshake(_) => Poll::Pending,
        }
    }

    fn poll_uncut(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<Pin<&mut (dyn Duplex + 'static)>>> {
        self.connection.0.check(context)?;
        self.poll_established(context)
    }
}

impl AsyncRead for CuttableStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        ready!(self.poll_uncut(context))?.poll_read(context, buffer)
    }
}

impl AsyncWrite for CuttableStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_uncut(context))?.poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_uncut(context))?.poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_established(context))?.poll_shutdown(context)
    }
}
