/**
 * Words that say what stands near them. A topic is a bit of {@link Topics}; two words joined by `_` count only in that
 * order. Words are compared whole and without case.
 */
const TOPICS = {
  SSN: 'ssn ssns social_security socialsecurity social_insurance sociale socsec socialsecuritynumber ssnumber',
  ITIN: 'itin taxpayer_identification individual_taxpayer itin_number tax_id taxid',
  TAX: 'tax vat tin taxpayer steuer steuernummer steueridentifikationsnummer steuerid idnr ust ustid fiscal fiscale codice_fiscale iva partita_iva nif cif tva btw fiscaal contribuinte spi impots impôts umsatzsteuer tfn',
  PASSPORT:
    'passport passports reisepass passeport pasaporte passaporto paspoort passnummer passportnumber pass_number pass_nr travel_document passport_number 여권',
  BANK: 'bank acct acct_no account_number account_no accountnumber bank_account bankaccount checking savings deposit iban konto kontonummer cuenta wire_transfer debit_account account_is banking',
  ROUTING: 'routing aba rtn transit_number routing_number routingnumber bankrouting',
  LICENSE:
    'driver_license driver_licence drivers_license drivers_licence driving_licence driving_license driverlicense driverslicense s_license s_licence dl dln license licence license_number permit_number führerschein fuhrerschein fuehrerschein führerscheinnummer permis patente patente_di driverlicensenumber lic license_no id_card permit',
  HEALTH:
    'nhs national_health medicare mbi patient medicaid health_insurance krankenversicherung krankenkasse kvnr beneficiary versichertennummer krankenversichertennummer health_service nhsnumber hic hicn',
  RECORD:
    'mrn medical_record medical_records patient_id patient_number patient_no patientid patientnumber patient_identifier chart_number record_number health_record hospital_number medicalrecordnumber mrns emr ehr',
  DOCTOR:
    'npi national_provider provider_id provider_number provider dea prescriber physician lanr bsnr arztnummer betriebsstättennummer betriebsstaettennummer medical_license certificate dea_number vertragsarzt',
  PHONE:
    'phone phones telephone tel mobile cell cellphone call calls called calling fax whatsapp handy telefon teléfono telefono téléphone telephone_number telefoon phonenumber msisdn dial sms landline hotline telefonnummer handynummer mobil ring reach_me text_me contact_number phone_number contact puhelin telefonu puhelinnumero callback voicemail',
  CARD: 'card cards visa mastercard amex maestro cc credit credit_card creditcard debit discover jcb diners american_express card_number pan_number cardnumber ccnumber kreditkarte carte karte',
  IP: 'ip ipv4 ipv6 ip_address ipaddress host hosts server subnet gateway addr inet',
  WALLET: 'wallet btc bitcoin eth ethereum crypto blockchain address',
  IDENTITY:
    'national_id national_identity national_identification identity_number identity_card identity personal_number personal_identity citizen citizenship identification identification_number id_number id_card id_no ausweis personalausweis ausweisnummer personnummer personal_code nationalid idnumber identitynumber',
  COMPANY:
    'abn acn gstin gst uen brn cnpj company business_number business_registration company_number business registration_number organisationsnummer orgnr organisation_number organization_number handelsregister corporate entity_number',
  SECRET:
    'password passwd pwd secret token apikey api_key access_key private_key credential credentials passphrase passcode client_secret auth_token secret_key pass passphrases pw account_key shared_key storage_key signing_key encryption_key master_key',
  AGAINST:
    'order orders invoice invoices sku tracking timestamp version isbn ticket serial build commit revision article parcel shipment epoch quantity qty product item ean upc gtin model batch issue issn doi ordernumber part receipt reference build_number run job offset bytes size pixel seed checksum hash uuid guid confirmation transaction trace lot section sections chapter chapters clause paragraph figure appendix firmware etag',
  DE: 'german germany deutschland deutsche deutscher deutschen steuer steueridentifikationsnummer steuernummer idnr personalausweis ausweisnummer sozialversicherungsnummer rentenversicherungsnummer rentenversicherung rvnr svnr versicherungsnummer sozialversicherung krankenversichertennummer versichertennummer kvnr lanr bsnr ust ustid arztnummer reisepass bundesdruckerei krankenkasse krankenversicherung egk gkv personalausweisnummer vertragsarzt betriebsstättennummer',
  FR: 'french france nir insee sécurité securite sécu secu vitale carte_vitale numéro_fiscal fiscal spi impots impôts fiscale',
  ES: 'spanish spain españa nif nie dni documento pasaporte espanol español',
  IT: 'italian italy italia codice fiscale partita iva carta_identita identità patente passaporto',
  NL: 'dutch netherlands nederland bsn burgerservicenummer sofinummer sofi',
  PL: 'polish poland polska pesel',
  SE: 'swedish sweden sverige personnummer samordningsnummer organisationsnummer orgnr personnr organisationsnr',
  FI: 'finnish finland suomi hetu henkilötunnus henkilotunnus personbeteckning personbeteckningen',
  PT: 'portuguese portugal nif contribuinte nipc fiscal',
  BE: 'belgian belgium belgië belgique rijksregisternummer rijksregister registre_national nrn niss insz national_register',
  CH: 'swiss switzerland schweiz suisse svizzera ahv avs ahvn13 ahvn oasi sozialversicherungsnummer versichertennummer',
  UK: 'uk british britain nhs nino national_insurance ni_number ni insurance_number dvla hmrc utr',
  IN: 'indian india aadhaar aadhar uidai uid pan gstin gst permanent_account voter vote epic',
  AU: 'australian australia abn acn tfn medicare tax_file',
  SG: 'singapore nric fin uen',
  KR: 'korean korea rrn resident_registration frn brn 주민등록번호 외국인등록번호 사업자등록번호 alien_registration foreigner_registration foreigner 운전면허 여권 business_registration 사업자번호',
  JP: 'japanese japan mynumber my_number individual_number マイナンバー 個人番号',
  BR: 'brazilian brazil brasil cpf cnpj cadastro receita',
  MX: 'mexican mexico méxico curp rfc',
  ZA: 'african rsa south_africa za_id id_number identity_number sa_id',
  TR: 'turkish turkey türkiye turkiye tckn kimlik tc_kimlik t_c tc vatandaşlık vatandaslik',
  CA: 'canadian canada sin social_insurance nas',
  TH: 'เลขประจำตัวประชาชน เลขบัตรประชาชน thai thailand tnin บัตรประชาชน laser_id citizen',
  NG: 'nigerian nigeria nin nimc national_identification national_identity',
} as const;

export type Topic = keyof typeof TOPICS;

/** Topics of a place: two words of 32 bits. */
export interface Topics {
  readonly low: number;
  readonly high: number;
}

export const NO_TOPICS: Topics = { low: 0, high: 0 };

const NAMES = Object.keys(TOPICS) as Topic[];

/** The set of these topics. */
export function topics(...names: readonly Topic[]): Topics {
  let low = 0;
  let high = 0;
  for (const name of names) {
    const bit = NAMES.indexOf(name);
    if (bit < 32) low |= 1 << bit;
    else high |= 1 << (bit - 32);
  }
  return { low, high };
}

export const meets = (a: Topics, b: Topics): boolean => (a.low & b.low) !== 0 || (a.high & b.high) !== 0;
export const joined = (a: Topics, b: Topics): Topics => ({ low: a.low | b.low, high: a.high | b.high });

function makeDictionary(): Map<string, Topics> {
  const words = new Map<string, Topics>();
  for (const name of NAMES) {
    for (const word of TOPICS[name].split(' ')) {
      const key = word.replaceAll('_', ' ');
      words.set(key, joined(words.get(key) ?? NO_TOPICS, topics(name)));
    }
  }
  return words;
}

/** Each word or pair of words (with a space between) and its topics. */
export const DICTIONARY: ReadonlyMap<string, Topics> = makeDictionary();

/** Words of a member's name: `patientId`, `Patient-ID` and `patient_id` are two. */
function wordsOf(name: string): string[] {
  return name
    .normalize('NFKC')
    .replace(/(\p{Ll}|\d)(\p{Lu})/gu, '$1 $2')
    .replace(/(\p{Lu})(\p{Lu}\p{Ll})/gu, '$1 $2')
    .toLowerCase()
    .split(/[^\p{L}]+/u)
    .filter((word) => word !== '');
}

/** What a member's name says of its value. */
export function topicsOfName(name: string): Topics {
  const words = wordsOf(name);
  let found = DICTIONARY.get(words.join('')) ?? NO_TOPICS;
  for (const [at, word] of words.entries()) {
    found = joined(found, DICTIONARY.get(word) ?? NO_TOPICS);
    if (at > 0) found = joined(found, DICTIONARY.get(`${words[at - 1]} ${word}`) ?? NO_TOPICS);
  }
  return found;
}
