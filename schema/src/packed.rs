//! Tables as bytes: what is stated of a DocType is packed when the program is compiled, and read when it is first asked for.
//!
//! A pointer in a static is a place that has to be written before the program starts, on a page that then is its own; in these
//! bytes there are none, and a text that is read is a slice of them. Numbers have seven bits a byte, the lowest first; a text
//! and a list begin with their length; what may be absent begins with 0 or 1. What is asked for without the fields comes
//! first.

use crate::{DocTypeDef, Fact, FieldDef, FieldKind, Options, Stated, ToolDef, Verb, Versions, intern};

/// Packs what is stated as far as there is room, and gives the room that it takes.
pub(crate) const fn pack(stated: &Stated, room: &mut [u8]) -> usize {
    let DocTypeDef { name: _, module, flags, autoname, title_field, search_fields, sort, fields, tools } = stated.def;
    let mut to = Writer { room, at: 0 };
    to.text(module);
    to.number(flags);
    to.facts(stated.but);
    to.tools(tools);
    to.optional(autoname);
    to.optional(title_field);
    to.texts(search_fields);
    to.text(sort);
    to.fields(fields);
    to.at
}

/// What follows of a field that states more than its name, its kind and its label.
mod key {
    pub(super) const END: u8 = 0;
    pub(super) const FLAGS: u8 = 1;
    pub(super) const TARGET: u8 = 2;
    pub(super) const TARGET_FIELD: u8 = 3;
    pub(super) const FORMAT: u8 = 4;
    pub(super) const CHOICES: u8 = 5;
    pub(super) const LENGTH: u8 = 6;
    pub(super) const PRECISION: u8 = 7;
    pub(super) const PERMLEVEL: u8 = 8;
    pub(super) const DEFAULT: u8 = 9;
    pub(super) const FETCH_FROM: u8 = 10;
    pub(super) const DESCRIPTION: u8 = 11;
    pub(super) const ONLY: u8 = 12;
}

/// What was packed, read from its beginning each time.
#[derive(Clone, Copy)]
pub(crate) struct Packed(pub(crate) &'static [u8]);

impl Packed {
    /// The module and the flags, and a reader of what comes behind.
    fn begin(self) -> (&'static str, u32, Reader) {
        let mut from = Reader { rest: self.0 };
        (from.text(), from.number(), from)
    }

    /// The module.
    pub(crate) fn module(self) -> &'static str {
        self.begin().0
    }

    /// The flags.
    pub(crate) fn flags(self) -> u32 {
        self.begin().1
    }

    /// What versions say otherwise. Lists in it are never freed.
    pub(crate) fn facts(self) -> Vec<(Versions, Fact)> {
        self.begin().2.facts()
    }

    /// The tools, beside those that facts name.
    pub(crate) fn tools(self) -> Vec<ToolDef> {
        let (.., mut from) = self.begin();
        from.facts();
        from.list(Reader::tool)
    }

    /// The DocType of that name without its fields, and these.
    pub(crate) fn table(self, name: &'static str) -> (DocTypeDef, Vec<FieldDef>) {
        let (module, flags, mut from) = self.begin();
        from.facts();
        // A struct's values are made in the order in which they stand.
        let def = DocTypeDef {
            name,
            module,
            flags,
            tools: intern::list(from.list(Reader::tool)),
            autoname: from.optional(),
            title_field: from.optional(),
            search_fields: from.texts(),
            sort: from.text(),
            fields: &[],
        };
        (def, from.list(Reader::field))
    }
}

struct Writer<'a> {
    room: &'a mut [u8],
    at: usize,
}

impl Writer<'_> {
    const fn byte(&mut self, byte: u8) {
        if self.at < self.room.len() {
            self.room[self.at] = byte;
        }
        self.at += 1;
    }

    const fn number(&mut self, mut number: u32) {
        while number >= 128 {
            self.byte(number as u8 | 128);
            number >>= 7;
        }
        self.byte(number as u8);
    }

    const fn text(&mut self, text: &str) {
        self.number(text.len() as u32);
        let (mut rest, mut at) = (text.as_bytes(), self.at);
        self.at += text.len();
        if self.at > self.room.len() {
            return;
        }
        // The compiler runs this in half the time that it takes for a copy of the whole.
        while let [byte, behind @ ..] = rest {
            self.room[at] = *byte;
            at += 1;
            rest = behind;
        }
    }

    const fn optional(&mut self, text: Option<&str>) {
        self.byte(text.is_some() as u8);
        if let Some(text) = text {
            self.text(text);
        }
    }

    const fn texts(&mut self, texts: &[&str]) {
        self.number(texts.len() as u32);
        let mut at = 0;
        while at < texts.len() {
            self.text(texts[at]);
            at += 1;
        }
    }

    const fn tools(&mut self, tools: &[ToolDef]) {
        self.number(tools.len() as u32);
        let mut at = 0;
        while at < tools.len() {
            self.byte(tools[at].verb as u8);
            self.text(tools[at].name);
            at += 1;
        }
    }

    const fn facts(&mut self, facts: &[(Versions, Fact)]) {
        self.number(facts.len() as u32);
        let mut at = 0;
        while at < facts.len() {
            self.byte(facts[at].0.bits());
            self.fact(&facts[at].1);
            at += 1;
        }
    }

    const fn fact(&mut self, fact: &Fact) {
        match *fact {
            Fact::Module(module) => {
                self.byte(0);
                self.text(module);
            }
            Fact::Flags(flags) => {
                self.byte(1);
                self.number(flags);
            }
            Fact::Autoname(autoname) => {
                self.byte(2);
                self.optional(autoname);
            }
            Fact::TitleField(field) => {
                self.byte(3);
                self.optional(field);
            }
            Fact::SearchFields(fields) => {
                self.byte(4);
                self.texts(fields);
            }
            Fact::Sort(sort) => {
                self.byte(5);
                self.text(sort);
            }
            Fact::Tools(tools) => {
                self.byte(6);
                self.tools(tools);
            }
        }
    }

    const fn fields(&mut self, fields: &[FieldDef]) {
        self.number(fields.len() as u32);
        let mut at = 0;
        while at < fields.len() {
            self.field(&fields[at]);
            at += 1;
        }
    }

    const fn field(&mut self, field: &FieldDef) {
        let FieldDef {
            fieldname,
            kind,
            label,
            flags,
            options,
            length,
            precision,
            permlevel,
            default,
            fetch_from,
            description,
            only,
        } = *field;
        self.text(fieldname);
        self.byte(kind as u8);
        self.text(label);
        if flags != 0 {
            self.byte(key::FLAGS);
            self.number(flags);
        }
        match options {
            Options::None => {}
            Options::Target(doctype) => self.keyed(key::TARGET, doctype),
            Options::TargetField(field) => self.keyed(key::TARGET_FIELD, field),
            Options::Format(format) => self.keyed(key::FORMAT, format),
            Options::Choices(choices) => {
                self.byte(key::CHOICES);
                self.texts(choices);
            }
        }
        if length != 0 {
            self.byte(key::LENGTH);
            self.number(length);
        }
        if let Some(places) = precision {
            self.byte(key::PRECISION);
            self.byte(places);
        }
        if permlevel != 0 {
            self.byte(key::PERMLEVEL);
            self.byte(permlevel);
        }
        if let Some(text) = default {
            self.keyed(key::DEFAULT, text);
        }
        if let Some(text) = fetch_from {
            self.keyed(key::FETCH_FROM, text);
        }
        if let Some(text) = description {
            self.keyed(key::DESCRIPTION, text);
        }
        if only.bits() != Versions::ALL.bits() {
            self.byte(key::ONLY);
            self.byte(only.bits());
        }
        self.byte(key::END);
    }

    const fn keyed(&mut self, key: u8, text: &str) {
        self.byte(key);
        self.text(text);
    }
}

struct Reader {
    rest: &'static [u8],
}

impl Reader {
    fn byte(&mut self) -> u8 {
        self.bytes(1)[0]
    }

    fn bytes(&mut self, length: usize) -> &'static [u8] {
        let (bytes, rest) = self.rest.split_at(length);
        self.rest = rest;
        bytes
    }

    fn number(&mut self) -> u32 {
        let (mut number, mut shift) = (0, 0);
        loop {
            let byte = self.byte();
            number |= u32::from(byte & 127) << shift;
            if byte < 128 {
                return number;
            }
            shift += 7;
        }
    }

    fn text(&mut self) -> &'static str {
        let length = self.number() as usize;
        #[allow(clippy::expect_used, reason = "only texts are packed as such")]
        let text = str::from_utf8(self.bytes(length)).expect("a text was packed");
        text
    }

    fn optional(&mut self) -> Option<&'static str> {
        (self.byte() == 1).then(|| self.text())
    }

    fn list<T>(&mut self, read: impl Fn(&mut Self) -> T) -> Vec<T> {
        (0..self.number()).map(|_| read(self)).collect()
    }

    fn texts(&mut self) -> &'static [&'static str] {
        intern::list(self.list(Self::text))
    }

    fn tool(&mut self) -> ToolDef {
        ToolDef { verb: Verb::ALL[usize::from(self.byte())], name: self.text() }
    }

    fn facts(&mut self) -> Vec<(Versions, Fact)> {
        self.list(|from| (Versions::from_bits(from.byte()), from.fact()))
    }

    fn fact(&mut self) -> Fact {
        match self.byte() {
            0 => Fact::Module(self.text()),
            1 => Fact::Flags(self.number()),
            2 => Fact::Autoname(self.optional()),
            3 => Fact::TitleField(self.optional()),
            4 => Fact::SearchFields(self.texts()),
            5 => Fact::Sort(self.text()),
            _ => Fact::Tools(intern::list(self.list(Self::tool))),
        }
    }

    fn field(&mut self) -> FieldDef {
        let mut field = FieldDef::new(self.text(), FieldKind::ALL[usize::from(self.byte())], self.text());
        loop {
            match self.byte() {
                key::FLAGS => field.flags = self.number(),
                key::TARGET => field.options = Options::Target(self.text()),
                key::TARGET_FIELD => field.options = Options::TargetField(self.text()),
                key::FORMAT => field.options = Options::Format(self.text()),
                key::CHOICES => field.options = Options::Choices(self.texts()),
                key::LENGTH => field.length = self.number(),
                key::PRECISION => field.precision = Some(self.byte()),
                key::PERMLEVEL => field.permlevel = self.byte(),
                key::DEFAULT => field.default = Some(self.text()),
                key::FETCH_FROM => field.fetch_from = Some(self.text()),
                key::DESCRIPTION => field.description = Some(self.text()),
                key::ONLY => field.only = Versions::from_bits(self.byte()),
                _ => return field,
            }
        }
    }
}

#[cfg(test)]
mod tests;
