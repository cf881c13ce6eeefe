//! Takes the dashboard's files into the binary: those that `make web` leaves in `web/dist`, compressed. Where there are
//! none the list is empty, and the binary says how to get them.

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;

fn main() -> Result<(), Box<dyn Error>> {
    let dist = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR")?).join("../../web/dist");
    println!("cargo::rerun-if-changed={}", dist.display());
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    let mut paths = Vec::new();
    if dist.is_dir() {
        walk(&dist, &mut paths)?;
    }
    paths.sort();
    let mut table = String::from("static FILES: &[File] = &[\n");
    for (number, path) in paths.iter().enumerate() {
        let content = fs::read(path)?;
        let compressed = out.join(format!("dashboard-{number}.gz"));
        let mut encoder = GzEncoder::new(fs::File::create(&compressed)?, Compression::best());
        encoder.write_all(&content)?;
        encoder.finish()?;
        let name = path.strip_prefix(&dist)?.to_string_lossy().replace('\\', "/");
        writeln!(
            table,
            "File {{ path: {:?}, etag: {:?}, gzip: include_bytes!({:?}) }},",
            format!("/{name}"),
            format!("\"{:08x}-{:x}\"", crc32fast::hash(&content), content.len()),
            compressed,
        )?;
    }
    table.push_str("];\n");
    fs::write(out.join("dashboard_files.rs"), table)?;
    Ok(())
}

/// All files below a directory, but for those whose name begins with a dot.
fn walk(directory: &Path, paths: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        match entry.file_type()?.is_dir() {
            true => walk(&entry.path(), paths)?,
            false => paths.push(entry.path()),
        }
    }
    Ok(())
}
