//! Web Push: a message that only one subscriber can read (RFC 8291, in the coding of RFC 8188), and the
//! server's proof to the push service of who it is (VAPID, RFC 8292).
//!
//! Invariants: each message has a key and a salt of its own; all messages are equally long, so that
//! their length tells a push service nothing.

use crate::kernel::clock::Timestamp;
use crate::kernel::limits::{PUSH_MESSAGE_MAX, PUSH_PROOF_SECONDS};
use crate::kernel::secret::random;
use base64::Engine as _;
use base64::engine::DecodePaddingMode::Indifferent;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use ring::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::agreement::{ECDH_P256, EphemeralPrivateKey, UnparsedPublicKey, agree_ephemeral};
use ring::hkdf::{HKDF_SHA256, KeyType, Prk, Salt};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};

/// Octets of a public key: the uncompressed form of a point of P-256.
const PUBLIC: usize = 65;
/// Octets of a subscription's secret.
const AUTH: usize = 16;
/// The record size that the header names (RFC 8188 §2.1); a message is one record (RFC 8291 §4).
const RECORD: u32 = 4_096;

/// Base64 for URLs, without padding; some clients pad all the same.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::URL_SAFE,
    GeneralPurposeConfig::new().with_encode_padding(false).with_decode_padding_mode(Indifferent),
);

/// Octets as keys are written (RFC 4648 §5).
pub fn written(octets: &[u8]) -> String {
    BASE64.encode(octets)
}

/// What is written so.
pub fn unwritten(text: &str) -> Option<Vec<u8>> {
    BASE64.decode(text.trim()).ok()
}

/// Who can read a message: the keys of a subscription (RFC 8291 §2).
#[derive(Clone)]
pub struct Recipient {
    public: [u8; PUBLIC],
    auth: [u8; AUTH],
}

impl Recipient {
    /// Of its keys; none when the public key is no point of the curve, or the secret has another
    /// length.
    pub fn new(public: &[u8], auth: &[u8]) -> Option<Self> {
        let it = Self { public: public.try_into().ok()?, auth: auth.try_into().ok()? };
        // Whether the point is on the curve shows when it is used.
        it.sealed(b"").map(|_| it)
    }

    /// The public key and the secret.
    pub fn parts(&self) -> (&[u8], &[u8]) {
        (&self.public, &self.auth)
    }

    /// A message as only this one can read it: the body of the request to the push service. None when
    /// it is longer than is sent.
    pub fn sealed(&self, message: &[u8]) -> Option<Vec<u8>> {
        let own = EphemeralPrivateKey::generate(&ECDH_P256, &SystemRandom::new()).ok()?;
        let mut public = [0; PUBLIC];
        public.copy_from_slice(own.compute_public_key().ok()?.as_ref());
        let theirs = UnparsedPublicKey::new(&ECDH_P256, self.public);
        let salt = random::<16>();
        let record = padded(message)?;
        agree_ephemeral(own, &theirs, |shared| self.seal(shared, &public, salt, record)).ok()?
    }

    /// RFC 8291 §3.4, with the shared secret and the server's public key.
    fn seal(
        &self,
        shared: &[u8],
        public: &[u8],
        salt: [u8; 16],
        mut record: Vec<u8>,
    ) -> Option<Vec<u8>> {
        let info = [b"WebPush: info\0", self.public.as_slice(), public].concat();
        let input = expanded::<32>(&Salt::new(HKDF_SHA256, &self.auth).extract(shared), &info)?;
        let keys = Salt::new(HKDF_SHA256, &salt).extract(&input);
        let key = expanded::<16>(&keys, b"Content-Encoding: aes128gcm\0")?;
        let nonce = expanded::<12>(&keys, b"Content-Encoding: nonce\0")?;
        let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &key).ok()?);
        let nonce = Nonce::assume_unique_for_key(nonce);
        key.seal_in_place_append_tag(nonce, Aad::empty(), &mut record).ok()?;
        let length = u8::try_from(public.len()).ok()?;
        Some([&salt, RECORD.to_be_bytes().as_slice(), &[length], public, &record].concat())
    }
}

/// The one, and so last, record: the message, the delimiter of a last one, padding (RFC 8188 §2).
fn padded(message: &[u8]) -> Option<Vec<u8>> {
    if message.len() >= PUSH_MESSAGE_MAX {
        return None;
    }
    let mut record = message.to_vec();
    record.push(2);
    record.resize(PUSH_MESSAGE_MAX, 0);
    Some(record)
}

struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

fn expanded<const N: usize>(key: &Prk, info: &[u8]) -> Option<[u8; N]> {
    let mut out = [0; N];
    key.expand(&[info], Length(N)).ok()?.fill(&mut out).ok()?;
    Some(out)
}

/// The server as push services know it: a key pair of P-256.
pub struct Signer(EcdsaKeyPair);

impl Signer {
    /// A new key pair, to keep (PKCS #8).
    pub fn generate() -> Option<Vec<u8>> {
        let pair =
            EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new());
        Some(pair.ok()?.as_ref().to_vec())
    }

    /// From what was kept.
    pub fn read(kept: &[u8]) -> Option<Self> {
        let pair =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, kept, &SystemRandom::new());
        pair.ok().map(Self)
    }

    /// The public key as clients hand it to their push service.
    pub fn public(&self) -> String {
        written(self.0.public_key().as_ref())
    }

    /// `Authorization` for a push service at an origin (RFC 8292 §2, §3), with whom to turn to about
    /// it, or empty.
    pub fn authorization(&self, origin: &str, contact: &str, now: Timestamp) -> Option<String> {
        let mut claims = serde_json::Map::new();
        claims.insert("aud".into(), origin.into());
        claims.insert("exp".into(), (now.seconds() + PUSH_PROOF_SECONDS).into());
        if !contact.is_empty() {
            claims.insert("sub".into(), contact.into());
        }
        let claims = serde_json::Value::Object(claims).to_string();
        let header = written(br#"{"typ":"JWT","alg":"ES256"}"#);
        let signed = format!("{header}.{}", written(claims.as_bytes()));
        let signature = self.0.sign(&SystemRandom::new(), signed.as_bytes()).ok()?;
        let signature = written(signature.as_ref());
        Some(format!("vapid t={signed}.{signature}, k={}", self.public()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey as Verifier};

    fn octets(text: &str) -> Vec<u8> {
        unwritten(text).unwrap()
    }

    /// The example of RFC 8291 §5, with the intermediate values of its appendix A.
    #[test]
    fn the_standards_example_is_sealed_as_it_says() {
        let public = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
        let to = Recipient::new(&octets(public), &octets("BTBZMqHH6r4Tts7J_aSIgg")).unwrap();
        let shared = octets("kyrL1jIIOHEzg3sM2ZWRHDRB62YACZhhSlknJ672kSs");
        let own = "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8";
        let salt = octets("DGv6ra1nlYgDCS1FRnbzlw").try_into().unwrap();
        let record = b"When I grow up, I want to be a watermelon\x02".to_vec();
        let sealed = to.seal(&shared, &octets(own), salt, record).unwrap();
        let body = "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6\
                    e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZ\
                    wbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN";
        assert_eq!(written(&sealed), body);
    }

    #[test]
    fn keys_that_are_none_are_refused() {
        let public = octets(
            "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
        );
        let auth = [7; 16];
        assert!(Recipient::new(&public, &auth).is_some());
        assert!(Recipient::new(&public[1..], &auth).is_none());
        assert!(Recipient::new(&public, &auth[1..]).is_none());
        let mut other = public;
        other[64] ^= 1;
        assert!(Recipient::new(&other, &auth).is_none(), "not on the curve");
        assert_eq!(unwritten("BTBZMqHH6r4Tts7J_aSIgg=="), unwritten("BTBZMqHH6r4Tts7J_aSIgg"));
    }

    #[test]
    fn a_message_too_long_is_not_sent() {
        assert!(padded(&vec![b'x'; PUSH_MESSAGE_MAX]).is_none());
        assert!(padded(&vec![b'x'; PUSH_MESSAGE_MAX - 1]).is_some());
        // RFC 8030 §7.2: a push service may refuse more than 4 096 octets.
        const { assert!(PUSH_MESSAGE_MAX + 16 + 21 + PUBLIC <= 4_096) };
    }

    #[test]
    fn the_proof_can_be_checked_with_the_public_key() {
        let signer = Signer::read(&Signer::generate().unwrap()).unwrap();
        let now = Timestamp::from_seconds(1_700_000_000);
        let said = signer.authorization("https://push.example", "mailto:a@b.example", now).unwrap();
        let (token, key) = said.strip_prefix("vapid t=").unwrap().split_once(", k=").unwrap();
        assert_eq!(key, signer.public());
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let verifier = Verifier::new(&ECDSA_P256_SHA256_FIXED, octets(key));
        verifier.verify(signed.as_bytes(), &octets(signature)).unwrap();
        let claims = String::from_utf8(octets(signed.split_once('.').unwrap().1)).unwrap();
        let claims: serde_json::Value = serde_json::from_str(&claims).unwrap();
        assert_eq!(claims["aud"], "https://push.example");
        assert_eq!(claims["sub"], "mailto:a@b.example");
        let lasts = claims["exp"].as_i64().unwrap() - 1_700_000_000;
        assert!(lasts > 0 && lasts <= 86_400, "RFC 8292 §2: not more than a day");
    }
}
