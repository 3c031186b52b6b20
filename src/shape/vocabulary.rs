//! The words of sentences, as far as sites write them in English: what is none of them may be a name.

use super::redact::is_in;

/// The words in their first form.
const WORDS: &str = " a able about above accept acceptable access according account accounting across act action active actual add \
    addition additional address adjust adjustment administrator advance affect after again against age ago agree all \
    allocate allocation allow alone along already also alternative although always amend amendment among amount an \
    and annual another any anymore anyone anything appear applicable application applied apply appropriate approval \
    approve approver are area argument around array as ask assign assignee assignment associate at attach attachment \
    attempt attendance attribute author authorize automatic automatically available average avoid away back bad \
    background balance bank barcode base basic batch be because become been before begin begun behind being believe \
    belong below best between beyond bill billing blank block book both bought bound branch break brought budget \
    build bulk but button buy buyer buying by calculate calculation calendar call came can can't cancel cancellation \
    cannot capacity carry case cash category cause center certain change character charge check child choose chosen \
    claim class clear click close code column combination come command comment common company compare compatible \
    complete completely component condition configuration configure confirm conflict connect consider consist \
    contact contain content continue controller conversion convert copied copy correct correctly cost could couldn't \
    count country create creation credit currency current currently custom customer cut cross cycle daily data database \
    date day deal debit decimal deduct default define definition delete delivery demand denied department depend \
    deposit depreciation describe description desk detail determine did didn't differ difference different digit \
    direct directly disable disallow discount dispatch display distinct do doc docname docs doctype document does \
    doesn't doing don't done double down download draft dropped due duplicate duration during each earlier earliest \
    early edit effect effective either element else email employee empty enable end enough enqueue ensure enter \
    entire entry equal error especially estimate etc even event ever every everyone everything exact exactly example \
    exceed except exception exchange exclude execute exist expect expense expire expiry explain export expression \
    extend external extra fail failed failure false fetch few field fieldname file fill filter final finally find \
    fine finish first fiscal fix fixed fold follow food for force foreign form format former formula forward found \
    free from full fully function further future gain general generate get give given go goes going gone good goods \
    got grand greater gross group guest had half handle happen has hasn't have haven't having he head header held \
    help hence her here hidden hide high higher hold holiday home hour hours how however i id identical identify if \
    ignore image immediately import important impossible in inactive include inclusive income incoming incomplete \
    incorrect increase indicate individual info information initial input insert inside instead insufficient integer \
    intend interest internal into invalid inventory invoice is isn't issue issued it item its itself job join \
    journal just keep kept key kind know known label lack last late later latest lead least leave ledger left length \
    less let letter level life like likely limit line link linked list little load loan local location lock log logged \
    login long longer look lost lot low lower made mail main maintain maintenance make manager mandatory manual \
    manually manufacture many map margin mark master match material max maximum may maybe mean measure member \
    mention merge message method middle might min minimum minus minute missing mistake mode modified modify module \
    moment money month monthly more most move much multiple must my name naming near necessary need negative neither \
    nested net never new newly next no nobody none nor normal not note nothing notice notification now null number \
    numeric object occur of off offer office offset often old older on once one ones online only onto open opening \
    operation operator opportunity option optional or order ordered original other others otherwise ought our out \
    outgoing outside outstanding over overdue overlap overlapping overlaps override overwrite own owner package page \
    paid parameter parent parse part partial partially particular party pass password past path pattern pay payable \
    payment payroll pending per percent percentage perform performed perhaps period permanent permission permit \
    permitted permitting person phone pick place plan planned please plural plus point policy portal position \
    positive possible post posting prefix prepare present prevent previous previously price primary print prior \
    private probably problem proceed process produce product production profile profit prohibited project proper \
    properly property provide provided public purchase purpose put qty quality quantity query queue quick quotation \
    quote raise range rate rather raw reach read reason receipt receivable receive received recent recipient \
    reconcile record recorded recreate reduce refer reference referred refresh refund refuse regard register regular \
    reject rejected relate related release remain remaining remark remove rename renew reopen repeat replace report \
    represent request require required reschedule reserve reserved reset resolve resource respective respectively \
    restrict restricted result resume retry return revert review revise right role roll root round rounding route \
    row rows rule run running salary sale sales same sample save saved say scan schedule scheduler scrap screen \
    script search second section see select selected selection self sell seller selling send sender sent sequence \
    serial series serve server service session set setting settings settle setup several shall share shareholder she \
    sheet shift ship shipment shipping short should shouldn't show shown sick side sign similar simple simply since \
    single singular site size skip small so software some someone something sometimes soon sorry sort source special \
    specific specified specify staff stage standard start state statement status step still stock stop stopped \
    stored string structure sub subject submission submit submittable submitted submitting subscription subset \
    subtotal successful successfully such sufficient suggest sum summary supplier supply support sure switch symbol \
    sync system table tag take taken target task tax taxable team template temporary term terms test text than thank \
    that the their them then there therefore these they thing think this those though through thus till time \
    timesheet title to today together token too total toward transaction transfer transit translate tree tried true \
    truncated try trying twice two type typically unable unallocated under understand unique unit unknown unless \
    unlink unlinked unpaid unreconcile unsaved unsupported until unused up update updated upload upon upper us usage \
    use used user using usually valid validate validation validity valuation value variable variance variant vehicle \
    vendor verify version very via view virtual void voucher wait want warehouse warning was wasn't way we website \
    week weekly well went were weren't what whatever when whenever where whether which while whitelisted who whole \
    whom whose why will wish with withdraw within without won't word work workflow working workstation would \
    wouldn't write written wrong year yearly yes yesterday yet you your yourself zero zone ";
/// How words end in their other forms, and what their first form has in the place of it.
const ENDINGS: [(&str, &str); 9] =
    [("s", ""), ("es", ""), ("ies", "y"), ("ed", ""), ("d", ""), ("ied", "y"), ("ing", ""), ("ing", "e"), ("ly", "")];

/// Whether the word, in lower case, is `known` in its first form.
pub fn is_form_of(word: &str, known: &dyn Fn(&str) -> bool) -> bool {
    let first = |(ending, instead): &(&str, &str)| Some(format!("{}{instead}", word.strip_suffix(ending)?));
    known(word) || ENDINGS.iter().filter_map(first).any(|first| first.len() > 2 && known(&first))
}

/// Whether the word, in lower case, is one of the language.
pub fn is_common(word: &str) -> bool {
    is_form_of(word, &|word| is_in(WORDS, word))
}
