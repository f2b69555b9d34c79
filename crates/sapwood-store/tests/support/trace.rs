//! Reads what `strace -f -y` wrote, and says whether every acknowledgement came after the sync of what it acknowledges.
//!
//! A kill cannot show a missing sync, because the system keeps what a dead process wrote; the order of calls can.

use std::collections::BTreeMap;

/// One call of the traced program, in the order in which they began or ended.
#[derive(Debug, PartialEq, Eq)]
enum Moment<'t> {
    /// Bytes were handed over for a file.
    Wrote(&'t str),
    /// A sync of a file ended well.
    Synced(&'t str),
    /// Bytes that begin like this were about to be sent.
    Said(&'t str),
}

/// How many acknowledgements there are in a trace; an error names the first that came too early.
///
/// Between two acknowledgements, which begin with `acknowledgement`, the file whose name ends in `file` must be written
/// to, and be synced after the first of these writes.
pub(crate) fn acknowledgements(trace: &str, file: &str, acknowledgement: &str) -> Result<usize, String> {
    let (mut count, mut wrote, mut synced) = (0, false, false);
    for (line, moment) in moments(trace) {
        match moment {
            Moment::Wrote(name) if name.ends_with(file) => wrote = true,
            Moment::Synced(name) if name.ends_with(file) => synced |= wrote,
            Moment::Said(text) if text.starts_with(acknowledgement) => {
                if !synced {
                    return Err(format!("line {line} acknowledges what was not synced (written: {wrote})"));
                }
                count += 1;
                (wrote, synced) = (false, false);
            }
            Moment::Wrote(_) | Moment::Synced(_) | Moment::Said(_) => {}
        }
    }
    Ok(count)
}

/// The moments of a trace with the lines they stand in, from 1.
fn moments(trace: &str) -> impl Iterator<Item = (usize, Moment<'_>)> {
    let mut begun = BTreeMap::new();
    (1..).zip(trace.lines()).filter_map(move |(number, line)| Some((number, moment(line, &mut begun)?)))
}

/// What a line says; `begun` has the calls that have not ended, by thread.
fn moment<'t>(line: &'t str, begun: &mut BTreeMap<&'t str, (&'t str, &'t str)>) -> Option<Moment<'t>> {
    let (thread, call) = line.split_once(' ')?;
    let call = call.trim_start();
    if call.starts_with("<... ") {
        let (name, target) = begun.remove(thread)?;
        return ended(name, target, call);
    }
    let (name, rest) = call.split_once('(')?;
    let target = rest.split_once('<').and_then(|(_, rest)| rest.split_once('>')).map_or("", |(path, _)| path);
    let is_unfinished = call.ends_with("<unfinished ...>");
    if is_unfinished {
        begun.insert(thread, (name, target));
    }
    match name {
        "pwrite64" => Some(Moment::Wrote(target)),
        "write" | "writev" | "sendto" | "sendmsg" => Some(Moment::Said(first_text(rest))),
        _ if is_unfinished => None,
        _ => ended(name, target, call),
    }
}

/// What a call that ended has done. A result that the tracer made up is none: the call was not carried out.
fn ended<'t>(name: &'t str, target: &'t str, call: &'t str) -> Option<Moment<'t>> {
    let is_sync = matches!(name, "fdatasync" | "fsync");
    let is_well = call.contains("= 0") && !call.contains("INJECTED");
    (is_sync && is_well).then_some(Moment::Synced(target))
}

/// The first quoted text of a call's arguments.
fn first_text(arguments: &str) -> &str {
    arguments.split_once('"').and_then(|(_, rest)| rest.split_once('"')).map_or("", |(text, _)| text)
}

#[cfg(test)]
mod tests {
    use super::acknowledgements;

    const GOOD: &str = concat!(
        "7 pwrite64(9</d/log.db-wal>, \"x\", 24, 0) = 24\n",
        "7 fdatasync(9</d/log.db-wal> <unfinished ...>\n",
        "8 write(1<pipe:[3]>, \"other\\n\", 6) = 6\n",
        "7 <... fdatasync resumed>) = 0\n",
        "8 sendto(4<socket:[5]>, \"HTTP/1.1 200 OK\\r\\n\"..., 90, MSG_NOSIGNAL, NULL, 0) = 90\n",
    );

    fn check(trace: &str) -> Result<usize, String> {
        acknowledgements(trace, "log.db-wal", "HTTP/1.1 200")
    }

    #[test]
    fn a_sync_between_write_and_answer_is_seen() {
        assert_eq!(check(GOOD), Ok(1));
        assert_eq!(check(&GOOD.repeat(3)), Ok(3));
        assert_eq!(check(""), Ok(0));
    }

    #[test]
    fn whatever_is_missing_or_late_is_found() {
        let lines: Vec<&str> = GOOD.lines().collect();
        let of = |order: &[usize]| order.iter().map(|n| lines[*n]).collect::<Vec<_>>().join("\n");
        for order in [&[0, 4][..], &[0, 1, 4, 3], &[1, 3, 4], &[1, 3, 0, 4], &[4]] {
            assert!(check(&of(order)).is_err(), "{order:?}");
        }
        let elsewhere = GOOD.replace("fdatasync(9</d/log.db-wal>", "fdatasync(9</d/evidence.db-wal>");
        let failed = GOOD.replace("resumed>) = 0", "resumed>) = -1 EIO (INJECTED)");
        let made_up = GOOD.replace("resumed>) = 0", "resumed>) = 0 (INJECTED)");
        let twice = format!("{GOOD}{}", lines[4]);
        for bad in [elsewhere, failed, made_up, twice] {
            assert!(check(&bad).is_err(), "{bad}");
        }
    }
}
