//! How much disk a directory takes, and how much of that is only prepared.

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use anyhow::Context;

/// Space that a directory takes on disk.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct DiskUse {
    /// Blocks allocated to its files, in bytes.
    pub(crate) allocated_bytes: u64,
    /// Of those, zeros at the end of files: space prepared for what is still to come.
    pub(crate) prepared_bytes: u64,
}

/// Measures the files below `directory`.
///
/// # Errors
/// When they cannot be read.
pub(crate) fn disk_use(directory: &Path) -> anyhow::Result<DiskUse> {
    let mut sum = DiskUse::default();
    for entry in fs::read_dir(directory).with_context(|| format!("list {}", directory.display()))? {
        let path = entry.context("list a directory")?.path();
        let metadata = fs::symlink_metadata(&path).with_context(|| format!("look at {}", path.display()))?;
        if metadata.is_dir() {
            let below = disk_use(&path)?;
            sum.allocated_bytes += below.allocated_bytes;
            sum.prepared_bytes += below.prepared_bytes;
        } else {
            let allocated_bytes = metadata.blocks() * 512;
            sum.allocated_bytes += allocated_bytes;
            sum.prepared_bytes += trailing_zeros(&path)?.min(allocated_bytes);
        }
    }
    Ok(sum)
}

fn trailing_zeros(path: &Path) -> anyhow::Result<u64> {
    let mut file = File::open(path).with_context(|| format!("read {}", path.display()))?;
    let mut chunk = vec![0; 1 << 20];
    let mut zeros = 0;
    loop {
        let read = file.read(&mut chunk).with_context(|| format!("read {}", path.display()))?;
        let bytes = chunk.get(..read).unwrap_or_default();
        if bytes.is_empty() {
            return Ok(zeros);
        }
        match bytes.iter().rposition(|byte| *byte != 0) {
            None => zeros += read as u64,
            Some(last) => zeros = (read - last - 1) as u64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_at_the_end_of_files_count_as_prepared() {
        let directory = tempfile::tempdir().unwrap();
        let below = directory.path().join("below");
        fs::create_dir(&below).unwrap();
        let mut half_used = vec![7; 1 << 20];
        half_used.resize(5 << 19, 0);
        for (path, bytes) in
            [("used", vec![7; 8192]), ("below/half", half_used), ("below/spare", vec![0; 3 << 20])]
        {
            let mut file = File::create(directory.path().join(path)).unwrap();
            std::io::Write::write_all(&mut file, &bytes).unwrap();
            file.sync_all().unwrap();
        }
        let disk = disk_use(directory.path()).unwrap();
        assert_eq!(disk.prepared_bytes, (3 << 19) + (3 << 20));
        assert!(disk.allocated_bytes >= 8192 + (5 << 19) + (3 << 20), "{disk:?}");
    }
}
