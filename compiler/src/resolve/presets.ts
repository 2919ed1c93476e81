import { type DetectorRule, ENTITIES, type Entity, type FieldRule } from '@rankguard/contract';
import type { Preset } from '@rankguard/contract/resources';

/** Rules that ship with Rankguard. */
export interface PresetRules {
  readonly fields: readonly FieldRule[];
  readonly detectors: readonly DetectorRule[];
}

/** Member names that say that a value lets somebody in. */
const CREDENTIALS = [
  ...[
    '*password',
    '*passwd',
    'passwords',
    'pwd',
    'userpwd',
    'dbpwd',
    'passphrase',
    '*password_hash',
    'hashed_password',
  ],
  ...[
    'secret',
    'secrets',
    '*_client_secret',
    'client_secret',
    '*_secret_key',
    'secret_key',
    'shared_secret',
    'app_secret',
  ],
  ...[
    'webhook_secret',
    'signing_secret',
    'consumer_secret',
    'oauth_token_secret',
    'totp_secret',
    'mfa_secret',
  ],
  ...['*api_key', 'api_keys', 'x_api_key', 'api_secret', 'access_key', 'access_key_id', 'secret_access_key'],
  ...['aws_secret_access_key', 'aws_session_token', 'account_key', 'storage_key', 'subscription_key'],
  ...[
    '*access_token',
    '*refresh_token',
    '*auth_token',
    '*session_token',
    '*bearer_token',
    '*api_token',
    'id_token',
  ],
  ...[
    'secret_token',
    'personal_access_token',
    'csrf_token',
    'xsrf_token',
    'service_token',
    'bot_token',
    'jwt',
  ],
  ...['authorization', 'proxy_authorization', 'cookie', 'cookies', 'set_cookie', 'session_cookie'],
  ...['*private_key', 'signing_key', 'encryption_key', 'ssh_key', 'pgp_key', 'master_key', 'recovery_code'],
  ...['recovery_codes', 'backup_codes', 'recovery_phrase', 'seed_phrase', 'mnemonic', 'security_answer'],
  ...['otp', 'otp_code', 'one_time_password', 'mfa_code', 'two_factor_code', 'verification_code', 'pin_code'],
  ...['passwort', 'kennwort', 'contraseña', 'contrasena', 'mot_de_passe', 'senha', 'wachtwoord', 'lozinka'],
  ...['credential', 'credentials', 'connection_string', 'database_url', 'db_url', 'dsn'],
];

/** Of payment cards and accounts. */
const PAYMENT = [
  ...[
    '*card_number',
    '*credit_card',
    'credit_card_no',
    'creditcard_num',
    'debit_card',
    'card_no',
    'card_num',
    'cc_number',
  ],
  ...[
    'cc_num',
    'ccn',
    'pan',
    'primary_account_number',
    'card_pan',
    'track_data',
    'track1',
    'track2',
    'magstripe',
  ],
  ...['cvv', 'cvv2', 'cvc', 'cvc2', 'csc', 'card_cvv', 'card_cvc', 'card_security_code', 'security_code'],
  ...['card_expiry', 'card_exp', 'card_expiration', 'card_pin', 'pin', 'pin_block'],
  ...['card_holder', 'cardholder', 'cardholder_name', 'name_on_card', 'account_holder'],
  ...[
    'iban',
    '*_iban',
    'bic',
    'account_number',
    '*bank_account_number',
    'bank_account',
    'account_no',
    'acct_number',
  ],
  ...['acct_no', 'routing_number', 'sort_code', 'aba_number', 'sepa_mandate'],
];

/** Of who somebody is, and how to reach them. */
const PERSON = [
  ...[
    'ssn',
    'ssn_number',
    '*_ssn',

    'social_security',
    'social_security_number',
    'social_security_no',
    'social_insurance_number',
  ],
  ...[
    'sin_number',
    'itin',
    'tin',
    'tax_id',
    'tax_number',
    'tax_identifier',
    'taxpayer_id',
    'vat_id',
    'national_id',
  ],
  ...[
    'national_id_number',
    'national_identifier',
    'national_insurance_number',
    'nino',
    'id_number',
    'id_card_number',
  ],
  ...[
    'identity_number',
    'personal_id',
    'personal_number',
    'person_number',
    'personnummer',
    'aadhaar',
    'aadhaar_number',
  ],
  ...[
    'pesel',
    'cpf',
    'cnpj',
    'curp',
    'nric',
    'bsn',
    'dni',
    'nie',
    'nif',
    'codice_fiscale',
    'steuer_id',
    'passport',
  ],
  ...[
    'passport_number',
    'passport_no',
    'passport_id',
    'driver_license',
    'drivers_license',
    'driver_license_number',
  ],
  ...[
    'drivers_license_number',
    'driving_licence',
    'driving_license',
    'license_number',
    'licence_number',
    'dl_number',
  ],
  ...['voter_id', 'visa_number', 'license_plate', 'vehicle_identification_number'],
  ...[
    'first_name',
    'last_name',
    'middle_name',
    'full_name',
    'given_name',
    'given_names',
    'family_name',
    'surname',
  ],
  ...['maiden_name', 'mothers_maiden_name', 'birth_name', 'legal_name', 'preferred_name', 'fname', 'lname'],
  ...[
    'customer_name',
    'client_name',
    'patient_name',
    'employee_name',
    'contact_name',
    'person_name',
    'recipient_name',
  ],
  ...['billing_name', 'shipping_name', 'guardian_name', 'spouse_name', 'emergency_contact'],
  ...[
    'dob',
    'date_of_birth',
    'birth_date',
    'birthdate',
    'birthday',
    'birth_day',
    'place_of_birth',
    'birth_place',
  ],
  ...[
    'email',
    'e_mail',
    '*_email',
    '*email_address',
    'emails',
    'mail_address',
    'phone',
    'phones',
    '*phone_number',
  ],
  ...[
    'phone_no',
    'phone_num',
    'phone_numbers',
    'home_phone',
    'work_phone',
    'mobile_phone',
    'cell_phone',
    'office_phone',
  ],
  ...[
    'contact_phone',
    'customer_phone',
    'user_phone',
    'billing_phone',
    'mobile',
    'mobile_number',
    'mobile_no',
  ],
  ...['telephone', 'tel', 'telefon', 'fax', 'fax_number', 'msisdn', 'whatsapp'],
  ...['home_address', 'street_address', 'street', 'mailing_address', 'postal_address', 'billing_address'],
  ...[
    'shipping_address',
    'delivery_address',
    'residential_address',
    'customer_address',
    'address_line*',
    'address1',
  ],
  ...['address2', 'street_line*'],
  ...['ip_address', 'client_ip', 'remote_addr', 'remote_ip', 'source_ip', 'mac_address', 'imei', 'imsi'],
  ...[
    'salary',
    'annual_income',
    'gps_coordinates',
    'fingerprint',
    'biometric',
    'biometrics',
    'signature_image',
  ],
];

/** Of patients, after the identifiers of 45 CFR 164.514(b)(2). */
const PATIENT = [
  ...[
    'mrn',
    'medical_record_number',
    'medical_record_no',
    'medical_record',
    'patient_id',
    'patient_number',
    'patient_no',
  ],
  ...[
    'patient_identifier',
    'patient_mrn',
    'health_insurance_number',
    'health_plan_number',
    'health_card_number',
  ],
  ...['health_plan_beneficiary_number', 'insurance_id', 'insurance_number', 'insurance_policy_number'],
  ...['medicare_number', 'medicare_id', 'medicaid_id', 'mbi', 'hicn'],
  ...['nhs_number', 'nhs_no', 'npi', 'npi_number', 'dea_number'],
];

/** What is said of a patient, beside who it is. */
const CLINICAL = [
  ...[
    'policy_number',
    'member_id',
    'subscriber_id',
    'group_number',
    'encounter_id',
    'visit_number',
    'specimen_id',
  ],
  ...['zip', 'zip_code', 'postal_code', 'postcode', 'address', 'city'],
  ...[
    'diagnosis',
    'diagnoses',
    'icd_code',
    'icd10',
    'medication',
    'medications',
    'prescription',
    'prescriptions',
  ],
  ...[
    'lab_result',
    'lab_results',
    'test_result',
    'test_results',
    'blood_type',
    'allergies',
    'admission_date',
  ],
  ...['discharge_date', 'date_of_death', 'date_of_service', 'treating_physician', 'attending_physician'],
];

const PCI_ENTITIES: readonly Entity[] = ['CREDIT_CARD', 'IBAN_CODE', 'US_BANK_NUMBER', 'ABA_ROUTING_NUMBER'];
const CREDENTIAL_ENTITIES: readonly Entity[] = ['SECRET', 'URL_CREDENTIALS'];
const PII_ENTITIES = ENTITIES.filter((entity) => ![...PCI_ENTITIES, ...CREDENTIAL_ENTITIES].includes(entity));

export const PRESET_RULES: Readonly<Record<Preset, PresetRules>> = {
  default: preset([...CREDENTIALS, ...PAYMENT, ...PERSON, ...PATIENT], ENTITIES),
  pii: preset(PERSON, PII_ENTITIES),
  pci: preset(PAYMENT, PCI_ENTITIES),
  phi: preset([...PERSON, ...PATIENT, ...CLINICAL], PII_ENTITIES),
  credentials: preset(CREDENTIALS, CREDENTIAL_ENTITIES),
};

function preset(names: readonly string[], entities: readonly Entity[]): PresetRules {
  return {
    fields: [{ names: [...new Set(names)], paths: [], facts: [], with: 'redact', values: true }],
    detectors: [{ entities, with: 'redact' }],
  };
}
