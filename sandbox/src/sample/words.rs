//! The words of the sample company: names, places and goods, made up for it.

/// The sample company.
pub const COMPANY: &str = "Alderway Furniture";
pub const ABBR: &str = "AWF";
pub const CURRENCY: &str = "EUR";
pub const COUNTRY: &str = "Ireland";

/// Selling territories; the sandbox's sales user is kept to the first.
pub const TERRITORIES: &[&str] = &["North", "South", "East", "West"];
pub const CUSTOMER_GROUPS: &[&str] = &["Offices", "Hotels", "Schools", "Private Homes"];
pub const SUPPLIER_GROUPS: &[&str] = &["Timber", "Hardware", "Textiles", "Transport"];
pub const INDUSTRIES: &[&str] = &["Hospitality", "Education", "Legal", "Software", "Health", "Retail"];
pub const CITIES: &[(&str, &str)] = &[
    ("Dunmarra", "D04 K7X2"),
    ("Kilbrandon", "K11 P3R9"),
    ("Ballyoran", "B22 T6W1"),
    ("Portenna", "P67 H8N4"),
    ("Castlewick", "C15 V2F5"),
    ("Rathmoyle", "R93 D1C7"),
];
pub const STREETS: &[&str] =
    &["Harbour Row", "Mill Lane", "Chapel Street", "Station Road", "Orchard Terrace", "Weavers Yard"];

pub const GIVEN: &[&str] = &[
    "Aoife", "Marek", "Ines", "Tobias", "Ruth", "Callum", "Priya", "Jonas", "Niamh", "Viktor", "Greta", "Samuel",
    "Leonie", "Hassan", "Orla", "Pavel", "Maeve", "Dario", "Freya", "Owen",
];
pub const FAMILY: &[&str] = &[
    "Brennan",
    "Kowal",
    "Duarte",
    "Lindqvist",
    "Okafor",
    "Hartley",
    "Menon",
    "Vogel",
    "Tierney",
    "Sorensen",
    "Caruso",
    "Whelan",
    "Novak",
    "Rahman",
    "Quill",
    "Fenwick",
];

/// Customers: name and kind of business (index into [`CUSTOMER_GROUPS`]).
pub const CUSTOMERS: &[(&str, usize)] = &[
    ("Bluewater Hotel", 1),
    ("Finch & Hale Solicitors", 0),
    ("Greenfield Primary School", 2),
    ("Harbour House Rooms", 1),
    ("Kestrel Software", 0),
    ("Larch Street Clinic", 0),
    ("Lighthouse Inn", 1),
    ("Meadowbank College", 2),
    ("Mosaic Design Studio", 0),
    ("Northgate Library", 2),
    ("Old Quay Restaurant", 1),
    ("Pebble Accounting", 0),
    ("Quince Catering", 1),
    ("Riverside Nursery", 2),
    ("Saltmarsh Lodge", 1),
    ("Stonebridge Architects", 0),
    ("Tandem Bicycles", 0),
    ("The Copper Kettle", 1),
    ("Thornbury Music School", 2),
    ("Umber Gallery", 0),
    ("Valley Veterinary Practice", 0),
    ("Westfield Insurance", 0),
    ("Willow Court Apartments", 3),
    ("Yarrow Publishing", 0),
];
pub const SUPPLIERS: &[(&str, usize)] = &[
    ("Ashgrove Sawmill", 0),
    ("Borealis Timber", 0),
    ("Brightscrew Fittings", 1),
    ("Carrick Haulage", 3),
    ("Dovetail Tools", 1),
    ("Hollins Glass", 1),
    ("Linden Upholstery", 2),
    ("Pinnacle Foam", 2),
    ("Swift Parcels", 3),
    ("Tallow Varnish Works", 1),
];

/// Something that is bought, made or sold. Prices in cents.
pub struct Good {
    pub code: &'static str,
    pub name: &'static str,
    pub group: &'static str,
    pub uom: &'static str,
    pub cost: i64,
    /// 0: not sold.
    pub price: i64,
    pub stocked: bool,
}

const fn good(
    code: &'static str,
    name: &'static str,
    group: &'static str,
    uom: &'static str,
    cost: i64,
    price: i64,
) -> Good {
    Good { code, name, group, uom, cost, price, stocked: true }
}

const fn service(code: &'static str, name: &'static str, uom: &'static str, price: i64) -> Good {
    Good { code, name, group: SERVICES, uom, cost: price / 2, price, stocked: false }
}

pub const TABLES: &str = "Tables";
pub const SEATING: &str = "Seating";
pub const STORAGE: &str = "Storage";
pub const LIGHTING: &str = "Lighting";
pub const MATERIALS: &str = "Materials";
pub const SERVICES: &str = "Workshop Services";
pub const ITEM_GROUPS: &[&str] = &[TABLES, SEATING, STORAGE, LIGHTING, MATERIALS, SERVICES];
pub const BRANDS: &[&str] = &["Alderway", "Fjordlys", "Homespun"];

pub const GOODS: &[Good] = &[
    good("TBL-OAK-160", "Oak Desk 160 cm", TABLES, "Nos", 21_000, 44_900),
    good("TBL-OAK-200", "Oak Desk 200 cm", TABLES, "Nos", 26_500, 54_900),
    good("TBL-ASH-RND", "Round Ash Table", TABLES, "Nos", 18_400, 38_900),
    good("TBL-CNF-300", "Conference Table 300 cm", TABLES, "Nos", 61_000, 129_000),
    good("TBL-CAF-070", "Cafe Table 70 cm", TABLES, "Nos", 7_900, 16_900),
    good("TBL-SIDE", "Side Table", TABLES, "Nos", 4_200, 9_900),
    good("SEA-TASK", "Task Chair", SEATING, "Nos", 9_800, 21_900),
    good("SEA-CONF", "Conference Chair", SEATING, "Nos", 7_400, 15_900),
    good("SEA-STOOL", "Bar Stool", SEATING, "Nos", 4_900, 10_900),
    good("SEA-BENCH", "Hall Bench", SEATING, "Nos", 11_300, 24_900),
    good("SEA-LOUNGE", "Lounge Chair", SEATING, "Nos", 17_800, 39_900),
    good("SEA-SOFA-2", "Two-Seat Sofa", SEATING, "Nos", 38_000, 84_900),
    good("SEA-SCHOOL", "Classroom Chair", SEATING, "Nos", 2_300, 5_400),
    good("STO-SHELF-4", "Four-Tier Shelf", STORAGE, "Nos", 8_700, 18_900),
    good("STO-CAB-2D", "Two-Door Cabinet", STORAGE, "Nos", 14_600, 31_900),
    good("STO-LOCKER", "Locker Block of Six", STORAGE, "Nos", 19_900, 42_900),
    good("STO-PED-3", "Three-Drawer Pedestal", STORAGE, "Nos", 6_800, 14_900),
    good("STO-COAT", "Coat Stand", STORAGE, "Nos", 3_100, 6_900),
    good("LIT-DESK", "Desk Lamp", LIGHTING, "Nos", 2_600, 5_900),
    good("LIT-FLOOR", "Floor Lamp", LIGHTING, "Nos", 5_200, 11_900),
    good("LIT-PEND", "Pendant Light", LIGHTING, "Nos", 4_400, 9_900),
    good("MAT-OAK-PLK", "Oak Plank", MATERIALS, "Meter", 1_450, 0),
    good("MAT-ASH-PLK", "Ash Plank", MATERIALS, "Meter", 1_280, 0),
    good("MAT-SCREW", "Screw Set", MATERIALS, "Box", 340, 0),
    good("MAT-VARNISH", "Clear Varnish", MATERIALS, "Litre", 980, 0),
    good("MAT-FOAM", "Seat Foam", MATERIALS, "Nos", 720, 0),
    good("MAT-FABRIC", "Wool Fabric", MATERIALS, "Meter", 1_900, 0),
    service("SRV-DELIVER", "Delivery and Setup", "Nos", 6_500),
    service("SRV-REPAIR", "Repair Hour", "Hour", 5_800),
    service("SRV-PLAN", "Room Planning Hour", "Hour", 7_500),
];

pub const PROJECTS: &[&str] = &[
    "Refit of the Bluewater lobby",
    "Meadowbank reading room",
    "Showroom lighting",
    "Kestrel second floor",
    "New finishing line",
    "Catalogue for spring",
];
pub const TASKS: &[&str] = &[
    "Measure the rooms",
    "Draw up the layout",
    "Agree on fabrics",
    "Build the samples",
    "Deliver and assemble",
    "Walk through with the client",
];
pub const ISSUES: &[&str] = &[
    "Drawer sticks on a pedestal",
    "Lamp arrived with a cracked shade",
    "Two chairs missing from the delivery",
    "Invoice shows the old address",
    "Varnish marks on a table top",
    "Request for spare castors",
    "Sofa fabric differs from the sample",
    "Locker keys do not match",
    "Assembly date needs to move",
    "Desk height cannot be adjusted",
    "Charged twice for setup",
    "Shelf wobbles on uneven floor",
];
pub const TODOS: &[&str] = &[
    "Call back about the delivery slot",
    "Send the fabric samples",
    "Check the price of ash planks",
    "Prepare the quarterly stock count",
    "Answer the question about warranty",
    "Book the van for Friday",
];
