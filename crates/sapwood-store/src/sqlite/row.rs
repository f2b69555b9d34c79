//! Reading columns back into types, where whatever does not fit means that the file was damaged.

use std::fmt::Display;

use sqlx::sqlite::SqliteRow;
use sqlx::{Decode, Row, Sqlite, Type};

use crate::error::StoreError;

/// One row of `what`.
pub(super) struct Columns<'r> {
    pub(super) row: &'r SqliteRow,
    pub(super) what: &'static str,
}

impl<'r> Columns<'r> {
    /// A column as SQLite has it.
    pub(super) fn plain<T: Decode<'r, Sqlite> + Type<Sqlite>>(&self, name: &str) -> Result<T, StoreError> {
        self.row.try_get(name).map_err(|error| self.damaged(error))
    }

    /// A column of text or number that is one of our types.
    pub(super) fn typed<F, T>(&self, name: &str) -> Result<T, StoreError>
    where
        F: Decode<'r, Sqlite> + Type<Sqlite>,
        T: TryFrom<F, Error: Display>,
    {
        T::try_from(self.plain(name)?).map_err(|error| self.damaged(format_args!("column {name}: {error}")))
    }

    /// The error of a value that was not written like this.
    pub(super) fn damaged(&self, detail: impl Display) -> StoreError {
        StoreError::Corrupt { what: self.what, detail: detail.to_string() }
    }
}

/// SQLite's integers are signed.
pub(super) fn signed<T: TryInto<i64, Error: Into<BoxedError>>>(
    doing: &'static str,
    n: T,
) -> Result<i64, StoreError> {
    n.try_into().map_err(|error| StoreError::failed(doing, error))
}

type BoxedError = Box<dyn std::error::Error + Send + Sync>;
