//! The body of a request as variables.

use super::state::State;
use crate::body::{self, BodyLimits, Processor, multipart};
use crate::seclang::settings::Settings;
use crate::variables::Variable;

impl State {
    /// A reader for a body that need not be held whole. `None`: it has to be.
    pub(super) fn streaming_reader(&self, settings: &Settings) -> Option<multipart::Reader> {
        let streams = self.switches.processor == Some(Processor::Multipart)
            && !self.switches.force_request_body;
        streams.then(|| multipart::Reader::new(&self.content_type(), limits(settings)))
    }

    /// Reads a whole body of `length` bytes with the processor that the head or a rule chose; `reader`
    /// has read it already when it was not held.
    pub(super) fn request_body(
        &mut self,
        body: &[u8],
        length: usize,
        reader: Option<multipart::Reader>,
        settings: &Settings,
    ) {
        self.set(Variable::RequestBodyLength, length.to_string().as_bytes());
        let processor = self.switches.processor;
        let force = self.switches.force_request_body;
        // The text of XML and multipart bodies means little before it is taken apart.
        let structured = matches!(processor, Some(Processor::Multipart | Processor::Xml));
        if force || !structured {
            self.set(Variable::RequestBody, body);
        }
        if processor == Some(Processor::Xml) && !force {
            self.keep_for_audit(body);
        }
        let limits = limits(settings);
        let error = match processor {
            None => {
                if force {
                    self.arguments(
                        Variable::ArgsPost,
                        body,
                        settings.argument_separator,
                        settings.arguments_limit,
                    );
                }
                None
            }
            Some(Processor::UrlEncoded) => {
                self.arguments(
                    Variable::ArgsPost,
                    body,
                    settings.argument_separator,
                    settings.arguments_limit,
                );
                None
            }
            Some(Processor::Json) => self.json(body, limits),
            Some(Processor::Xml) => self.xml(body, limits),
            Some(Processor::Multipart) => {
                let reader = reader.unwrap_or_else(|| {
                    let mut reader = multipart::Reader::new(&self.content_type(), limits);
                    reader.feed(body);
                    reader
                });
                self.multipart(reader.finish(), limits)
            }
        };
        self.body_error(processor, error.as_deref());
    }

    /// The body is larger than may be held: it is not read.
    pub(super) fn request_body_too_large(&mut self) {
        self.flag(Variable::InboundDataError, true);
        let error = "Request body excluding files is bigger than the maximum expected.";
        self.body_error(None, Some(error));
    }

    fn content_type(&self) -> Vec<u8> {
        let list = self.values.list(Variable::RequestHeaders);
        let header = list.iter().find(|item| {
            item.name.is_some_and(|name| self.texts.get(name).eq_ignore_ascii_case(b"content-type"))
        });
        header.map_or(&b""[..], |item| self.texts.get(item.text)).to_vec()
    }

    fn body_error(&mut self, processor: Option<Processor>, error: Option<&str>) {
        self.flag(Variable::ReqbodyError, error.is_some());
        self.flag(Variable::ReqbodyProcessorError, error.is_some());
        if let Some(error) = error {
            let name = match processor {
                Some(Processor::Multipart) => "Multipart parsing error: ",
                Some(Processor::Json) => "JSON parsing error: ",
                Some(Processor::Xml) => "XML parsing error: ",
                _ => "",
            };
            let message = format!("{name}{error}");
            self.set(Variable::ReqbodyErrorMsg, message.as_bytes());
            self.set(Variable::ReqbodyProcessorErrorMsg, message.as_bytes());
        }
    }

    /// Takes a value in that is no argument, unless there is no more room for work.
    fn keep(&mut self, variable: Variable, name: &[u8], text: &[u8]) {
        if self.watch.one_more() && self.watch.take_in(name.len() + text.len()) {
            self.add(variable, name, text);
        }
    }

    fn json(&mut self, body: &[u8], limits: BodyLimits) -> Option<String> {
        if body.is_empty() {
            return None;
        }
        body::json::flatten(body, limits, &mut |name, value| {
            self.argument(Variable::ArgsPost, name, value, limits.values)
        })
        .err()
    }

    fn xml(&mut self, body: &[u8], limits: BodyLimits) -> Option<String> {
        let document = body::xml::read(body, limits);
        let text = self.texts.add(&document.text);
        self.values.set(Variable::Xml, text);
        for (name, value) in &document.attributes {
            self.keep(Variable::Xml, name, value);
        }
        document.error
    }

    fn multipart(&mut self, parsed: multipart::Parsed, limits: BodyLimits) -> Option<String> {
        for part in &parsed.parts {
            for line in &part.headers {
                self.keep(Variable::MultipartPartHeaders, &part.name, line);
            }
            self.keep(Variable::MultipartName, &part.name, &part.name);
            if let Some(file) = &part.file {
                self.keep(Variable::Files, &part.name, file);
                self.keep(Variable::FilesNames, &part.name, &part.name);
                self.keep(Variable::MultipartFilename, &part.name, file);
                if let Some(file) = &part.extended_file {
                    self.keep(Variable::Files, &part.name, file);
                    self.keep(Variable::MultipartFilename, &part.name, file);
                }
                self.keep(Variable::FilesSizes, &part.name, part.size.to_string().as_bytes());
            }
            // What is a field for some readers is one here, whatever else it is. Browsers send empty
            // parts with empty file names where no file was chosen.
            if part.file.is_none() || (part.may_be_field() && !part.value.is_empty()) {
                self.argument(Variable::ArgsPost, &part.name, &part.value, limits.values);
            }
        }
        let files = parsed.parts.iter().filter(|part| part.file.is_some());
        let size: usize = files.map(|part| part.size).sum();
        self.set(Variable::FilesCombinedSize, size.to_string().as_bytes());
        self.multipart_flags(&parsed);
        parsed.error
    }

    fn multipart_flags(&mut self, parsed: &multipart::Parsed) {
        let flags = &parsed.flags;
        let all = [
            (Variable::MultipartBoundaryQuoted, flags.boundary_quoted),
            (Variable::MultipartBoundaryWhitespace, flags.boundary_whitespace),
            (Variable::MultipartDataBefore, flags.data_before),
            (Variable::MultipartDataAfter, flags.data_after),
            (Variable::MultipartHeaderFolding, flags.header_folding),
            (Variable::MultipartInvalidHeaderFolding, flags.invalid_header_folding),
            (Variable::MultipartLfLine, flags.lf_line),
            (Variable::MultipartMissingSemicolon, flags.missing_semicolon),
            (Variable::MultipartInvalidQuoting, flags.invalid_quoting),
            (Variable::MultipartInvalidPart, flags.invalid_part),
            (Variable::MultipartFileLimitExceeded, flags.file_limit_exceeded),
        ];
        for (variable, is_set) in all {
            self.flag(variable, is_set);
        }
        let mixed = flags.crlf_line && flags.lf_line;
        self.flag(Variable::MultipartCrlfLfLines, mixed);
        self.flag(Variable::MultipartUnmatchedBoundary, flags.unmatched_boundary);
        let strict = parsed.error.is_some() || all.iter().any(|(_, is_set)| *is_set);
        self.flag(Variable::MultipartStrictError, strict);
    }
}

const fn limits(settings: &Settings) -> BodyLimits {
    BodyLimits {
        depth: settings.body_depth_limit,
        values: settings.arguments_limit,
        files: settings.upload_file_limit,
    }
}
