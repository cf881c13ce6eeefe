//! From one segment to the next.
//!
//! A thread keeps a spare file ready, filled with zeros, so that `fdatasync` has no file metadata to
//! write (half the time of a growing file's). Zeroing takes 0.1-0.2 s, which is why it is never done on
//! the writer's thread. Where no spare is ready, a growing file serves.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use tracing::warn;

use super::disk::{Disk, free_bytes, sync_directory};
use super::segment::{self, Header};

/// Zeros written between two syncs, so that the writer's own syncs wait for little.
const ZERO_CHUNK: usize = 1 << 20;

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
    spare: Arc<Mutex<Option<Spare>>>,
    thread: Option<JoinHandle<()>>,
}

impl Preparer {
    pub(crate) fn start(directory: PathBuf, reserve_bytes: u64) -> io::Result<Self> {
        let (jobs, inbox) = sync_channel(64);
        let spare = Arc::new(Mutex::new(None));
        let shelf = Arc::clone(&spare);
        let thread = std::thread::Builder::new()
            .name("journal-spare".to_owned())
            .spawn(move || work(&directory, reserve_bytes, &inbox, &shelf))?;
        Ok(Self { jobs: Some(jobs), spare, thread: Some(thread) })
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
        self.spare.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Drop for Preparer {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn work(directory: &Path, reserve_bytes: u64, inbox: &Receiver<Job>, shelf: &Mutex<Option<Spare>>) {
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
                let is_there = shelf.lock().unwrap_or_else(PoisonError::into_inner).is_some();
                if is_there || !room {
                    continue;
                }
                prepared_before += 1;
                let path = segment::spare_path(directory, prepared_before);
                match prepare(&path, bytes) {
                    Ok(file) => {
                        *shelf.lock().unwrap_or_else(PoisonError::into_inner) = Some(Spare { path, file });
                    }
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

fn prepare(path: &Path, bytes: u64) -> io::Result<File> {
    let file = File::options().read(true).write(true).create_new(true).open(path)?;
    let zeros = vec![0; ZERO_CHUNK];
    let fill = || -> io::Result<()> {
        let mut done = 0;
        while done < bytes {
            let chunk = zeros.get(..ZERO_CHUNK.min((bytes - done) as usize)).unwrap_or_default();
            std::os::unix::fs::FileExt::write_all_at(&file, chunk, done)?;
            file.sync_data()?;
            done += chunk.len() as u64;
        }
        file.sync_all()
    };
    fill().inspect_err(|_| {
        let _ = std::fs::remove_file(path);
    })?;
    Ok(file)
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
