use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;

fn text() -> impl Strategy<Value = &'static str> {
    "\\PC{0,150}".prop_map(|text| intern::text(&text))
}

fn texts() -> impl Strategy<Value = &'static [&'static str]> {
    vec(text(), 0..4).prop_map(intern::list)
}

fn versions() -> impl Strategy<Value = Versions> {
    any::<u8>().prop_map(Versions::from_bits)
}

fn tools() -> impl Strategy<Value = &'static [ToolDef]> {
    vec((select(Verb::ALL), text()).prop_map(|(verb, name)| ToolDef { verb, name }), 0..4).prop_map(intern::list)
}

fn facts() -> impl Strategy<Value = &'static [(Versions, Fact)]> {
    let fact = prop_oneof![
        text().prop_map(Fact::Module),
        any::<u32>().prop_map(Fact::Flags),
        of(text()).prop_map(Fact::Autoname),
        of(text()).prop_map(Fact::TitleField),
        texts().prop_map(Fact::SearchFields),
        text().prop_map(Fact::Sort),
        tools().prop_map(Fact::Tools),
    ];
    vec((versions(), fact), 0..4).prop_map(intern::list)
}

fn field() -> impl Strategy<Value = FieldDef> {
    let options = prop_oneof![
        Just(Options::None),
        text().prop_map(Options::Target),
        text().prop_map(Options::TargetField),
        texts().prop_map(Options::Choices),
        text().prop_map(Options::Format),
    ];
    let numbers = (any::<u32>(), any::<u32>(), of(any::<u8>()), any::<u8>(), versions());
    (text(), select(FieldKind::ALL), text(), options, numbers, of(text()), of(text()), of(text())).prop_map(
        |(fieldname, kind, label, options, numbers, default, fetch_from, description)| {
            let (flags, length, precision, permlevel, only) = numbers;
            FieldDef {
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
            }
        },
    )
}

fn stated() -> impl Strategy<Value = Stated> {
    let fields = vec(field(), 0..4).prop_map(intern::list);
    let keys = (text(), text(), any::<u32>(), of(text()), of(text()), texts(), text(), fields, tools());
    (keys, versions(), facts()).prop_map(|(keys, only, but)| {
        let (name, module, flags, autoname, title_field, search_fields, sort, fields, tools) = keys;
        let def = DocTypeDef { name, module, flags, autoname, title_field, search_fields, sort, fields, tools };
        Stated { def, only, but }
    })
}

proptest! {
    #[test]
    fn what_is_read_is_what_was_stated(stated in stated()) {
        let mut bytes = vec![0; stated.packed_len()];
        prop_assert_eq!(pack(&stated, &mut bytes), bytes.len());
        let packed = Packed(intern::list(bytes));
        let (def, fields) = packed.table(stated.def.name);
        prop_assert_eq!(DocTypeDef { fields: intern::list(fields), ..def }, stated.def);
        prop_assert_eq!((packed.module(), packed.flags()), (stated.def.module, stated.def.flags));
        prop_assert_eq!(packed.facts(), stated.but);
        prop_assert_eq!(packed.tools(), stated.def.tools);
    }
}
