//! Static files of `[[routes]] static`.

use std::io;
use std::path::Path;

use http::Response;
use mantlet_event::{Events, reasons};

use crate::pipeline::{Denial, Exchange};
use crate::upstream::AnswerBody;

/// A folder whose files are served; nothing outside it can be reached.
#[derive(Debug)]
pub(crate) struct Files;

impl Files {
    pub(crate) fn open(folder: &Path) -> io::Result<Self> {
        let _ = folder.metadata()?;
        Ok(Self)
    }

    pub(super) async fn answer(
        &self,
        _exchange: &Exchange,
        _events: &Events,
    ) -> Result<Response<AnswerBody>, Denial> {
        Err(Denial::new(&reasons::FILE_NOT_FOUND))
    }
}
