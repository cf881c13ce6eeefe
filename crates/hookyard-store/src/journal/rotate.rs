//! From one segment to the next.
//!
//! A thread keeps a spare file ready, filled with zeros, so that `fdatasync` has no file metadata to
//! write (half the time of a growing file's). Zeroing takes 0.1-0.2 s, which is why it is never done on
//! the writer's thread. Where no spare is ready, a growing file serves.

use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use tracing::warn;

use super::disk::{Disk, free_bytes, sync_directory};
use super::segment::{self, Header};

/// Zeros written at a time, with a pause behind each, so that the writer's own writes and syncs wait for
/// little. A segment of 64 MiB takes some 0.4 s, and fills more slowly than that.
const ZERO_CHUNK: usize = 256 << 10;
const ZERO_PAUSE: Duration = Duration::from_millis(1);
/// What memory, offsets and lengths are aligned to when the page cache is passed by.
const ALIGNMENT: usize = segment::BLOCK_BYTES;
/// Writes pass by the page cache.
#[cfg(target_os = "linux")]
const UNCACHED: i32 = libc::O_DIRECT;
#[cfg(not(target_os = "linux"))]
const UNCACHED: i32 = 0;

enum Job {
    /// Make a spare of this many bytes.
    Prepare(u64),
    /// Give back what lies behind the end of a finished segment.
    Trim(PathBuf, u64),
}

/// A file that is to become a segment. Each has a name of its own: whoever takes one renames that file,
/// and no other, whatever is being prepared meanwhile.
#[derive(Debug)]
struct Spare {
    path: PathBuf,
    file: File,
}

/// The thread that prepares spares and trims what is finished.
#[derive(Debug)]
pub(crate) struct Preparer {
    jobs: Option<SyncSender<Job>>,
    shelf: Arc<Shelf>,
    thread: Option<JoinHandle<()>>,
}

/// What the writer and the thread share.
#[derive(Debug, Default)]
struct Shelf {
    spare: Mutex<Option<Spare>>,
    /// Nobody wants a spare any more.
    closed: AtomicBool,
}

impl Shelf {
    fn lock(&self) -> MutexGuard<'_, Option<Spare>> {
        self.spare.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Preparer {
    pub(crate) fn start(directory: PathBuf, reserve_bytes: u64) -> io::Result<Self> {
        let (jobs, inbox) = sync_channel(64);
        let shelf = Arc::<Shelf>::default();
        let theirs = Arc::clone(&shelf);
        let thread = std::thread::Builder::new()
            .name("journal-spare".to_owned())
            .spawn(move || work(&directory, reserve_bytes, &inbox, &theirs))?;
        Ok(Self { jobs: Some(jobs), shelf, thread: Some(thread) })
    }

    /// Asks for a spare; does nothing where the thread is busy with one.
    pub(crate) fn prepare(&self, bytes: u64) {
        self.send(Job::Prepare(bytes));
    }

    /// Asks for a finished file to be cut to its valid part.
    pub(crate) fn trim(&self, path: PathBuf, bytes: u64) {
        self.send(Job::Trim(path, bytes));
    }

    fn send(&self, job: Job) {
        if let Some(jobs) = &self.jobs {
            // A full inbox loses a trim or a spare, never a record.
            let _ = jobs.try_send(job);
        }
    }

    fn take(&self) -> Option<Spare> {
        self.shelf.lock().take()
    }
}

impl Drop for Preparer {
    fn drop(&mut self) {
        self.jobs = None;
        self.shelf.closed.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn work(directory: &Path, reserve_bytes: u64, inbox: &Receiver<Job>, shelf: &Shelf) {
    remove_spares(directory);
    let mut prepared_before: u64 = 0;
    while let Ok(job) = inbox.recv() {
        match job {
            Job::Trim(path, bytes) => {
                if let Err(error) = trim(&path, bytes) {
                    warn!(path = %path.display(), %error, "cannot trim a finished journal segment");
                }
            }
            Job::Prepare(bytes) => {
                let room = free_bytes(directory).is_none_or(|free| free > bytes + reserve_bytes);
                let is_there = shelf.lock().is_some();
                if is_there || !room {
                    continue;
                }
                prepared_before += 1;
                let path = segment::spare_path(directory, prepared_before);
                match prepare(&path, bytes, &shelf.closed) {
                    Ok(file) => *shelf.lock() = Some(Spare { path, file }),
                    Err(_ended) if shelf.closed.load(Ordering::Relaxed) => {}
                    Err(error) => warn!(%error, "cannot prepare a spare journal segment; going on without"),
                }
            }
        }
    }
    remove_spares(directory);
}

/// Removes spares that nobody took, also those an earlier run left.
fn remove_spares(directory: &Path) {
    let Ok(entries) = std::fs::read_dir(directory) else { return };
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.extension().is_some_and(|extension| extension == "spare") {
            let _ = std::fs::remove_file(path);
        }
    }
}

/// Makes a file of zeros. Past the page cache, where the file system can do that: copying as many zeros
/// into it as there is payload, and making the journal's syncs wait for them, would cost each event 2 µs.
/// Given up when `ended`.
fn prepare(path: &Path, bytes: u64, ended: &AtomicBool) -> io::Result<File> {
    let fill = || -> io::Result<File> {
        let uncached =
            File::options().write(true).create(true).truncate(false).custom_flags(UNCACHED).open(path);
        let filled = uncached.and_then(|file| fill(&file, bytes, ended));
        if filled.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::InvalidInput) {
            fill(&File::options().write(true).create(true).truncate(true).open(path)?, bytes, ended)?;
        } else {
            filled?;
        }
        File::options().read(true).write(true).open(path)
    };
    fill().inspect_err(|_| {
        let _ = std::fs::remove_file(path);
    })
}

fn fill(file: &File, bytes: u64, ended: &AtomicBool) -> io::Result<()> {
    let zeros = vec![0_u8; ZERO_CHUNK + ALIGNMENT];
    let start = zeros.as_ptr().align_offset(ALIGNMENT);
    let zeros = zeros.get(start..).and_then(|zeros| zeros.get(..ZERO_CHUNK));
    let zeros = zeros.ok_or(io::ErrorKind::InvalidInput)?;
    let bytes = bytes.next_multiple_of(ALIGNMENT as u64);
    let mut done = 0;
    while done < bytes {
        let left = usize::try_from(bytes - done).unwrap_or(usize::MAX);
        let chunk = zeros.get(..left).unwrap_or(zeros);
        file.write_all_at(chunk, done)?;
        done += chunk.len() as u64;
        if ended.load(Ordering::Relaxed) {
            return Err(io::ErrorKind::Interrupted.into());
        }
        std::thread::sleep(ZERO_PAUSE);
    }
    file.sync_all()
}

fn trim(path: &Path, bytes: u64) -> io::Result<()> {
    let file = File::options().write(true).open(path)?;
    file.set_len(bytes)?;
    file.sync_all()
}

/// Begins a segment: its file, under its name, with its header, all durable.
pub(crate) fn begin(directory: &Path, disk: &Disk, preparer: &Preparer, header: &Header) -> io::Result<File> {
    let path = segment::path(directory, header.number);
    let file = match preparer.take() {
        Some(spare) => {
            let moved = disk.create_allowed().and_then(|()| std::fs::rename(&spare.path, &path));
            moved.inspect_err(|_| {
                let _ = std::fs::remove_file(&spare.path);
            })?;
            spare.file
        }
        None => {
            // Left where an earlier try failed and could not be removed; a segment in use has a smaller number.
            let _ = std::fs::remove_file(&path);
            disk.create(&path)?
        }
    };
    let written = disk
        .write_at(&file, &header.encode(), 0)
        .and_then(|()| disk.sync(&file))
        .and_then(|()| sync_directory(directory));
    match written {
        Ok(()) => Ok(file),
        Err(error) => {
            // Without a durable header it is no segment; the number is free again.
            let _ = std::fs::remove_file(&path);
            Err(error)
        }
    }
}
