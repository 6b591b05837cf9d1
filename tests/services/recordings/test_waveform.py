"""The picture of a recording, from the kinds of WAV that a carrier may keep."""

import struct
from itertools import pairwise

import pytest

from ivr.services.recordings.waveform import BARS, waveform
from ivr.simulator.speechlike import speechlike


def wav(kind, bits, data, channels=1, rate=8000, form=None):
    form = form or struct.pack("<HHIIHH", kind, channels, rate, rate * channels * bits // 8, channels * bits // 8, bits)
    parts = (
        b"fmt "
        + struct.pack("<I", len(form))
        + form
        + b"LIST\x05\0\0\0INFOx\0"
        + b"data"
        + struct.pack("<I", len(data))
        + data
    )
    return b"RIFF" + struct.pack("<I", len(parts) + 4) + b"WAVE" + parts


def halves(quiet, loud, count=4000):
    return quiet * count + loud * count


LOUD_LATER = {
    "16 bits": (1, 16, halves(struct.pack("<h", 3200), struct.pack("<h", -32000))),
    "8 bits": (1, 8, halves(bytes([128 + 12]), bytes([128 - 125]))),
    "mu-law": (7, 8, halves(bytes([0xB7]), bytes([0x00]))),
    "A-law": (6, 8, halves(bytes([0x95]), bytes([0x2A]))),
}


@pytest.mark.parametrize("kind", LOUD_LATER)
def test_what_is_louder_is_drawn_higher(kind):
    drawn = waveform(wav(*LOUD_LATER[kind]), bars=10)
    assert drawn.seconds == 1
    assert drawn.bars[5:] == (100,) * 5
    assert all(one < 15 for one in drawn.bars[:5])


@pytest.mark.parametrize(("kind", "codec"), [(7, "pcm_mulaw"), (6, "pcm_alaw")])
def test_telephone_codes_are_read_as_the_real_codec_reads_them(kind, codec):
    import av
    import numpy as np

    codes = bytes(range(256))
    decoder = av.CodecContext.create(codec, "r")
    decoder.sample_rate, decoder.layout, decoder.format = 8000, "mono", "s16"
    (frame,) = decoder.decode(av.Packet(codes))
    sizes = np.abs(frame.to_ndarray().reshape(-1).astype(int))
    drawn = waveform(wav(kind, 8, codes), bars=256)
    assert np.abs(np.array(drawn.bars) - 100 * sizes / sizes.max()).max() <= 1


def test_both_sides_of_a_call_are_looked_at():
    data = struct.pack("<hh", 0, 20000) * 800
    assert waveform(wav(1, 16, data, channels=2), bars=4).bars == (100,) * 4
    assert waveform(wav(1, 16, data, channels=2)).seconds == 0.1


def test_line_noise_stays_small():
    assert max(waveform(wav(1, 16, struct.pack("<h", 100) * 8000)).bars) <= 11


def test_silence_is_flat():
    assert set(waveform(wav(1, 16, bytes(16000))).bars) == {0}


def test_a_voice_has_its_syllables():
    drawn = waveform(speechlike(12))
    assert (drawn.seconds, len(drawn.bars)) == (12, BARS)
    rises = sum(1 for one, next_ in pairwise(drawn.bars) if next_ - one > 20)
    assert rises > 12


def test_an_extensible_header_is_read():
    form = struct.pack("<HHIIHH", 0xFFFE, 1, 8000, 16000, 2, 16) + struct.pack("<HHIH", 22, 16, 0, 1) + bytes(14)
    assert waveform(wav(1, 16, struct.pack("<h", 9000) * 80, form=form), bars=2).bars == (100, 100)


@pytest.mark.parametrize(
    "nothing",
    [b"", b"RIFF", b"ID3\x03 an mp3", wav(1, 16, b""), wav(1, 24, bytes(300)), wav(2, 4, bytes(300)), wav(1, 16, b"ab", channels=0),
     wav(1, 16, b"ab", rate=0), wav(1, 16, b"x"), b"RIFF\x04\0\0\0WAVEfmt \x02\0\0\0ab"],
)  # fmt: skip
def test_what_cannot_be_drawn_is_left_to_the_browser(nothing):
    assert waveform(nothing) is None


def test_a_file_that_was_cut_short_is_drawn_as_far_as_it_goes():
    assert waveform(speechlike(3)[:24044]).seconds == 1.5
