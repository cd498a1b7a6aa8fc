/** What OpenSSL calls objects (its short names), by their OID: those that stand in names and algorithms of certificates. */

const ATTRIBUTES = `
  2.5.4.3 CN  2.5.4.4 SN  2.5.4.5 serialNumber  2.5.4.6 C  2.5.4.7 L  2.5.4.8 ST  2.5.4.9 street  2.5.4.10 O  2.5.4.11 OU  2.5.4.12 title
  2.5.4.13 description  2.5.4.14 searchGuide  2.5.4.15 businessCategory  2.5.4.16 postalAddress  2.5.4.17 postalCode  2.5.4.18 postOfficeBox
  2.5.4.19 physicalDeliveryOfficeName  2.5.4.20 telephoneNumber  2.5.4.31 member  2.5.4.32 owner  2.5.4.33 roleOccupant  2.5.4.34 seeAlso
  2.5.4.35 userPassword  2.5.4.36 userCertificate  2.5.4.41 name  2.5.4.42 GN  2.5.4.43 initials  2.5.4.44 generationQualifier
  2.5.4.45 x500UniqueIdentifier  2.5.4.46 dnQualifier  2.5.4.49 distinguishedName  2.5.4.50 uniqueMember  2.5.4.51 houseIdentifier
  2.5.4.54 dmdName  2.5.4.65 pseudonym  2.5.4.72 role  2.5.4.97 organizationIdentifier  2.5.4.98 c3  2.5.4.99 n3  2.5.4.100 dnsName
  0.9.2342.19200300.100.1.1 UID  0.9.2342.19200300.100.1.3 mail  0.9.2342.19200300.100.1.25 DC
  1.2.840.113549.1.9.1 emailAddress  1.2.840.113549.1.9.2 unstructuredName  1.2.840.113549.1.9.7 challengePassword
  1.2.840.113549.1.9.8 unstructuredAddress  1.3.6.1.4.1.311.60.2.1.1 jurisdictionL  1.3.6.1.4.1.311.60.2.1.2 jurisdictionST
  1.3.6.1.4.1.311.60.2.1.3 jurisdictionC  1.2.643.3.131.1.1 INN  1.2.643.100.1 OGRN  1.2.643.100.3 SNILS
`;

const ALGORITHMS = `
  1.2.840.113549.1.1.1 rsaEncryption  1.2.840.113549.1.1.4 RSA-MD5  1.2.840.113549.1.1.5 RSA-SHA1  1.2.840.113549.1.1.10 RSASSA-PSS
  1.2.840.113549.1.1.11 RSA-SHA256  1.2.840.113549.1.1.12 RSA-SHA384  1.2.840.113549.1.1.13 RSA-SHA512  1.2.840.113549.1.1.14 RSA-SHA224
  1.2.840.113549.1.1.15 RSA-SHA512/224  1.2.840.113549.1.1.16 RSA-SHA512/256
  1.2.840.10045.2.1 id-ecPublicKey  1.2.840.10045.4.1 ecdsa-with-SHA1  1.2.840.10045.4.3.1 ecdsa-with-SHA224
  1.2.840.10045.4.3.2 ecdsa-with-SHA256  1.2.840.10045.4.3.3 ecdsa-with-SHA384  1.2.840.10045.4.3.4 ecdsa-with-SHA512
  1.2.840.10040.4.1 DSA  1.2.840.10040.4.3 DSA-SHA1  2.16.840.1.101.3.4.3.1 dsa_with_SHA224  2.16.840.1.101.3.4.3.2 dsa_with_SHA256
  2.16.840.1.101.3.4.3.9 id-ecdsa-with-sha3-224  2.16.840.1.101.3.4.3.10 id-ecdsa-with-sha3-256
  2.16.840.1.101.3.4.3.11 id-ecdsa-with-sha3-384  2.16.840.1.101.3.4.3.12 id-ecdsa-with-sha3-512
  2.16.840.1.101.3.4.3.13 id-rsassa-pkcs1-v1_5-with-sha3-224  2.16.840.1.101.3.4.3.14 id-rsassa-pkcs1-v1_5-with-sha3-256  2.16.840.1.101.3.4.3.15 id-rsassa-pkcs1-v1_5-with-sha3-384
  2.16.840.1.101.3.4.3.16 id-rsassa-pkcs1-v1_5-with-sha3-512  1.3.101.110 X25519  1.3.101.111 X448  1.3.101.112 ED25519  1.3.101.113 ED448
`;

const NAMES: ReadonlyMap<string, string> = new Map(
  Array.from(`${ATTRIBUTES} ${ALGORITHMS}`.matchAll(/([\d.]+)\s+(\S+)/g), ([, oid = '', name = '']) => [oid, name]),
);

/** Undefined for one that is not known here. */
export function objectName(oid: string): string | undefined {
  return NAMES.get(oid);
}
