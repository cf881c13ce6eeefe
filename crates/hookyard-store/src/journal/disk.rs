//! The system calls the journal makes, in one place, so that tests can make each of them fail.
//!
//! A [`Disk`] without injected faults is what production runs; injecting costs one relaxed load a call.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};

/// Faults a test injects: while a number is set, the call fails with it.
#[derive(Debug, Default)]
pub struct Faults {
    /// `errno` of writes to a segment; 0 for none.
    pub write: AtomicI32,
    /// `errno` of `fdatasync`; 0 for none.
    pub sync: AtomicI32,
    /// `errno` of creating a segment; 0 for none.
    pub create: AtomicI32,
}

/// The disk, perhaps with injected faults.
#[derive(Clone, Debug, Default)]
pub(crate) struct Disk {
    faults: Option<Arc<Faults>>,
}

impl Disk {
    pub(crate) const fn new(faults: Option<Arc<Faults>>) -> Self {
        Self { faults }
    }

    fn fault(&self, which: fn(&Faults) -> &AtomicI32) -> io::Result<()> {
        match self.faults.as_deref().map(|faults| which(faults).load(Ordering::Relaxed)) {
            None | Some(0) => Ok(()),
            Some(errno) => Err(io::Error::from_raw_os_error(errno)),
        }
    }

    pub(crate) fn write_at(&self, file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.fault(|faults| &faults.write)?;
        file.write_all_at(bytes, offset)
    }

    pub(crate) fn sync(&self, file: &File) -> io::Result<()> {
        self.fault(|faults| &faults.sync)?;
        file.sync_data()
    }

    /// Fails where creating a segment is to fail.
    pub(crate) fn create_allowed(&self) -> io::Result<()> {
        self.fault(|faults| &faults.create)
    }

    pub(crate) fn create(&self, path: &Path) -> io::Result<File> {
        self.create_allowed()?;
        File::options().read(true).write(true).create_new(true).open(path)
    }
}

/// Makes the names in a directory durable.
pub(crate) fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// Bytes that can still be written to the file system `path` is on; none where it does not say.
#[expect(unsafe_code, reason = "statvfs has no safe form in the standard library")]
pub(crate) fn free_bytes(path: &Path) -> Option<u64> {
    use std::os::unix::ffi::OsStrExt;
    let path = std::ffi::CString::new(path.as_os_str().as_bytes()).ok()?;
    let mut status = std::mem::MaybeUninit::<libc::statvfs>::zeroed();
    // SAFETY: `path` ends in NUL, `status` is as large as statvfs writes, and is read only on success.
    let status = unsafe {
        if libc::statvfs(path.as_ptr(), status.as_mut_ptr()) != 0 {
            return None;
        }
        status.assume_init()
    };
    #[expect(clippy::useless_conversion, reason = "the fields' widths differ between platforms")]
    Some(u64::from(status.f_bavail) * u64::from(status.f_frsize))
}
