//! Small files that are replaced whole and notice the change of any bit: one line of JSON, and its hash below it.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write as _};
use std::path::Path;

use sapwood_core::entry::Hash;
use sha2::{Digest, Sha256};

/// Replaces the file at `path`: whoever looks sees the old or the new one, also after a power cut. `line` is one line.
pub fn write(path: &Path, line: &str) -> io::Result<()> {
    write_with(path, |out| out.write_all(line.as_bytes()))
}

/// The same for a line that is long: it goes to the disk as it is written, and is nowhere whole.
pub fn write_with(path: &Path, line: impl FnOnce(&mut dyn io::Write) -> io::Result<()>) -> io::Result<()> {
    let mut partial = path.as_os_str().to_owned();
    partial.push(".partial");
    let partial = Path::new(&partial);
    let written = File::create(partial).and_then(|file| {
        let mut out = Hashed { file: BufWriter::new(file), hasher: Sha256::new() };
        line(&mut out)?;
        let Hashed { mut file, hasher } = out;
        let hash = Hash::from_bytes(hasher.finalize().into());
        file.write_all(format!("\n{hash}\n").as_bytes())?;
        file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()
    });
    if let Err(error) = written {
        // What could not be written is no use to anybody, and may stand in the way of a disk that is full.
        fs::remove_file(partial).ok();
        return Err(error);
    }
    fs::rename(partial, path)?;
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(parent)?.sync_all()
}

/// Hashes what is written on its way.
struct Hashed {
    file: BufWriter<File>,
    hasher: Sha256,
}

impl io::Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = self.file.write(bytes)?;
        self.hasher.update(bytes.get(..taken).unwrap_or_default());
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// The line of the file at `path`.
///
/// # Errors
/// That of the system, or `InvalidData` if the file is not what was written.
pub fn read(path: &Path) -> io::Result<String> {
    let text = fs::read_to_string(path)?;
    let damaged = || io::Error::new(io::ErrorKind::InvalidData, "the file is not what was written");
    let (line, rest) = text.split_once('\n').ok_or_else(damaged)?;
    if rest != format!("{}\n", hash(line)) {
        return Err(damaged());
    }
    let length = line.len();
    let mut line = text;
    line.truncate(length);
    Ok(line)
}

fn hash(line: &str) -> Hash {
    Hash::from_bytes(Sha256::digest(line.as_bytes()).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_change_of_any_bit_is_noticed_and_so_is_a_missing_end() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        write(&path, r#"{"a":"é"}"#).unwrap();
        assert_eq!(read(&path).unwrap(), r#"{"a":"é"}"#);
        let good = fs::read(&path).unwrap();
        for bit in 0..good.len() * 8 {
            let mut bad = good.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            fs::write(&path, &bad).unwrap();
            assert_eq!(read(&path).unwrap_err().kind(), io::ErrorKind::InvalidData, "bit {bit}");
        }
        for length in 0..good.len() {
            fs::write(&path, &good[..length]).unwrap();
            assert!(read(&path).is_err(), "{length} bytes");
        }
    }

    #[test]
    fn a_file_is_replaced_whole_and_nothing_else_is_left() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        for line in ["one", "two"] {
            write(&path, line).unwrap();
            assert_eq!(read(&path).unwrap(), line);
        }
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
        assert!(write(&dir.path().join("not/there"), "x").is_err());
    }
}
