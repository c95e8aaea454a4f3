//! The channel between a process that hands over and the one that takes over. The new process has
//! it as its standard input: the one descriptor that every program is given anyway.
//!
//! ```text
//! old  {"version":1,"sockets":[…]}   with the sockets and the lock of the data folder
//! new  ready                         everything is built, nothing is accepted yet
//! old  go                            it accepts no more commands; the new one may serve
//! ```

use std::fs::File;
use std::io::{self, IoSlice, IoSliceMut, Read as _, Write as _};
use std::mem::MaybeUninit;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};
use serde::{Deserialize, Serialize};

use super::inherited::{Fixed, Inherited};

/// The version of the protocol.
const VERSION: u32 = 1;
/// Most descriptors of one message: all listeners, the admin listener, the lock.
const MAX_DESCRIPTORS: usize = 160;
/// Longest message, in bytes.
const MESSAGE_BYTES: usize = 64 * 1024;
/// How long the old process may take to say its part.
const PATIENCE: Duration = Duration::from_secs(10);

const READY: &[u8] = b"ready\n";
const GO: &[u8] = b"go\n";

/// What is handed over besides the sockets themselves, which follow in the same order behind the
/// lock of the data folder.
#[derive(Debug, Serialize, Deserialize)]
struct Manifest {
    version: u32,
    /// The addresses as the configuration says them.
    sockets: Vec<SocketAddr>,
    fixed: Fixed,
}

/// The old process's end.
#[derive(Debug)]
pub(super) struct Predecessor(UnixStream);

/// The new process's end.
#[derive(Debug)]
pub(super) struct Successor(UnixStream);

/// Both ends; the second is for the standard input of the new process.
pub(super) fn pair() -> io::Result<(Predecessor, OwnedFd)> {
    let (own, other) = UnixStream::pair()?;
    Ok((Predecessor(own), other.into()))
}

fn invalid(message: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message)
}

impl Predecessor {
    /// Gives the lock and the sockets away; they stay ours too until we close them.
    pub(super) fn give(
        &self,
        lock: BorrowedFd<'_>,
        sockets: &[(SocketAddr, BorrowedFd<'_>)],
        fixed: Fixed,
    ) -> io::Result<()> {
        let wanted = sockets.iter().map(|(wanted, _)| *wanted).collect();
        let manifest = Manifest { version: VERSION, sockets: wanted, fixed };
        let text = format!("{}\n", serde_json::to_string(&manifest)?);
        let descriptors: Vec<_> =
            std::iter::once(lock).chain(sockets.iter().map(|(_, socket)| *socket)).collect();
        if descriptors.len() > MAX_DESCRIPTORS {
            return Err(invalid("more sockets than can be handed over"));
        }
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_DESCRIPTORS))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        control.push(SendAncillaryMessage::ScmRights(&descriptors));
        let sent = sendmsg(
            self.0.as_fd(),
            &[IoSlice::new(text.as_bytes())],
            &mut control,
            SendFlags::NOSIGNAL,
        )?;
        let rest = text.as_bytes().get(sent..).unwrap_or_default();
        (&self.0).write_all(rest)
    }

    /// Waits until the new process is ready.
    ///
    /// # Errors
    /// When it ends first, or is not ready within `patience`.
    pub(super) fn wait_until_ready(&self, patience: Duration) -> io::Result<()> {
        self.0.set_read_timeout(Some(patience))?;
        expect(&self.0, READY)
    }

    /// Lets the new process serve.
    pub(super) fn go(&self) -> io::Result<()> {
        (&self.0).write_all(GO)
    }
}

fn expect(mut stream: &UnixStream, word: &[u8]) -> io::Result<()> {
    let mut heard = vec![0; word.len()];
    stream.read_exact(&mut heard)?;
    if heard == word { Ok(()) } else { Err(invalid("the other process says something else")) }
}

impl Successor {
    /// The channel in our standard input, which is nothing but that; and all that came through it.
    ///
    /// # Errors
    /// When nobody hands over to us there.
    pub(super) fn take() -> io::Result<(Self, Inherited, File)> {
        let stream = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
        rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
        Self::receive(stream)
    }

    fn receive(stream: UnixStream) -> io::Result<(Self, Inherited, File)> {
        stream.set_read_timeout(Some(PATIENCE))?;
        let (text, mut descriptors) = read(&stream)?;
        let manifest: Manifest = serde_json::from_slice(&text)?;
        if manifest.version != VERSION {
            return Err(invalid("the process that hands over speaks another version"));
        }
        let lock = descriptors.next().ok_or_else(|| invalid("there is no lock"))?;
        let mut inherited = Inherited::new(manifest.fixed);
        for address in manifest.sockets {
            let socket = descriptors.next().ok_or_else(|| invalid("a socket is missing"))?;
            inherited.add(address, TcpListener::from(socket));
        }
        Ok((Self(stream), inherited, File::from(lock)))
    }

    /// Says that everything is built, and waits for the word to serve. A process before us that is
    /// gone by then serves no more: that is the word too.
    pub(super) fn ready(&self) -> io::Result<()> {
        let gone = [io::ErrorKind::UnexpectedEof, io::ErrorKind::BrokenPipe];
        let said = (&self.0).write_all(READY).and_then(|()| expect(&self.0, GO));
        match said {
            Err(error) if gone.contains(&error.kind()) => Ok(()),
            said => said,
        }
    }
}

/// One line, and what came with it.
fn read(mut stream: &UnixStream) -> io::Result<(Vec<u8>, std::vec::IntoIter<OwnedFd>)> {
    let mut buffer = vec![0; MESSAGE_BYTES];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_DESCRIPTORS))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let parts = &mut [IoSliceMut::new(&mut buffer)];
    let received = recvmsg(stream.as_fd(), parts, &mut control, RecvFlags::CMSG_CLOEXEC)?;
    let mut descriptors = Vec::new();
    for message in control.drain() {
        if let RecvAncillaryMessage::ScmRights(rights) = message {
            descriptors.extend(rights);
        }
    }
    buffer.truncate(received.bytes);
    while !buffer.ends_with(b"\n") {
        let mut more = [0; 4096];
        let count = stream.read(&mut more)?;
        if count == 0 || buffer.len() > MESSAGE_BYTES {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        buffer.extend_from_slice(more.get(..count).unwrap_or_default());
    }
    Ok((buffer, descriptors.into_iter()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_and_lock_pass_over_and_both_sides_agree_when() {
        let (old, other) = pair().unwrap();
        let lock = tempfile::tempfile().unwrap();
        lock.try_lock().unwrap();
        let sockets: Vec<_> = (0..128).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
        let wanted: Vec<_> =
            sockets.iter().map(|socket| (socket.local_addr().unwrap(), socket.as_fd())).collect();
        old.give(lock.as_fd(), &wanted, Fixed::default()).unwrap();
        let (new, mut inherited, _lock) = Successor::receive(UnixStream::from(other)).unwrap();
        for (address, _) in &wanted {
            assert_eq!(inherited.take(*address).unwrap().local_addr().unwrap(), *address);
        }
        let waiting = std::thread::spawn(move || new.ready());
        old.wait_until_ready(PATIENCE).unwrap();
        old.go().unwrap();
        waiting.join().unwrap().unwrap();
    }

    #[test]
    fn a_new_process_that_ends_is_an_error_and_an_old_one_that_ends_is_the_word() {
        let (old, other) = pair().unwrap();
        drop(other);
        assert!(old.wait_until_ready(PATIENCE).is_err());
        let (old, other) = pair().unwrap();
        drop(old);
        Successor(UnixStream::from(other)).ready().unwrap();
    }

    #[test]
    fn what_is_no_hand_over_is_an_error() {
        for text in ["", "{}\n", "{\"version\":2,\"sockets\":[],\"fixed\":[]}\n"] {
            let (old, other) = pair().unwrap();
            (&old.0).write_all(text.as_bytes()).unwrap();
            drop(old);
            assert!(Successor::receive(UnixStream::from(other)).is_err(), "{text}");
        }
    }
}
