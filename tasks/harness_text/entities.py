"""A graph of wireless communication: entities and typed facts, written for this project.

A fact is (subject, relation, object). Relations are verbs, so that chains of facts are sentences.
"""

from __future__ import annotations

_USES = """
OFDM: cyclic prefix, subcarriers, fast Fourier transform
OFDMA: OFDM, resource blocks
massive MIMO: antenna arrays, precoding, channel estimation
precoding: channel state information, singular value decomposition
beamforming: phase shifters, channel state information
hybrid beamforming: beamforming, radio-frequency chains
channel estimation: pilot symbols, least squares
NOMA: superposition coding, interference cancellation, power allocation
interference cancellation: decoding order, channel state information
power allocation: water filling, convex optimisation
turbo codes: interleavers, iterative decoding
LDPC codes: parity checks, belief propagation
polar codes: channel polarisation, list decoding
hybrid ARQ: retransmissions, error detection
error detection: cyclic redundancy checks
link adaptation: channel quality reports, modulation schemes
scheduling: channel quality reports, buffer status
cognitive radio: spectrum sensing, dynamic spectrum access
spectrum sensing: energy detection
physical-layer security: artificial noise, beamforming
intelligent surfaces: phase shifters, passive elements
backscatter communication: passive elements, ambient signals
full duplex: self-interference cancellation
self-interference cancellation: adaptive filters
federated learning: local updates, model aggregation
over-the-air computation: superposition coding, analogue transmission
edge computing: task offloading, base stations
positioning: time of arrival, antenna arrays
equalisation: adaptive filters, least squares
synchronisation: pilot symbols, correlation
"""
_IMPROVES = """
cyclic prefix: robustness to multipath
massive MIMO: spectral efficiency, array gain
beamforming: array gain, coverage
hybrid beamforming: energy efficiency
NOMA: spectral efficiency, user fairness
water filling: spectral efficiency
LDPC codes: reliability
polar codes: reliability
hybrid ARQ: reliability
link adaptation: throughput
scheduling: user fairness, throughput
intelligent surfaces: coverage, energy efficiency
relaying: coverage
full duplex: spectral efficiency
edge computing: latency
physical-layer security: secrecy rate
channel estimation: channel state information
interleavers: robustness to bursts
equalisation: robustness to multipath
small cells: throughput
spectrum sensing: spectrum use
time diversity: reliability
interference cancellation: throughput
federated learning: privacy
"""
_LIMITED = """
massive MIMO: pilot contamination, hardware cost
channel estimation: pilot contamination, channel ageing
channel state information: channel ageing, feedback delay
beamforming: beam misalignment
OFDM: peak-to-average power, carrier frequency offset
NOMA: error propagation, decoding complexity
interference cancellation: error propagation
list decoding: decoding complexity
belief propagation: short cycles
full duplex: residual self-interference
spectrum sensing: hidden terminals
retransmissions: latency
scheduling: feedback delay
link adaptation: feedback delay
federated learning: stragglers
small cells: backhaul capacity
relaying: half-duplex loss
positioning: non-line-of-sight paths
synchronisation: carrier frequency offset
intelligent surfaces: double path loss
backscatter communication: double path loss
antenna arrays: mutual coupling
phase shifters: quantisation error
"""
_PART = """
cyclic prefix: OFDM symbols
OFDM symbols: slots
slots: radio frames
resource blocks: resource grids
pilot symbols: resource grids
antenna arrays: base stations
radio-frequency chains: base stations
base stations: cellular networks
small cells: cellular networks
relaying: cellular networks
scheduling: medium access control
hybrid ARQ: medium access control
medium access control: protocol stacks
error detection: protocol stacks
power amplifiers: radio-frequency chains
phase shifters: radio-frequency chains
adaptive filters: receivers
equalisation: receivers
synchronisation: receivers
interleavers: turbo codes
parity checks: LDPC codes
"""
_BLOCKS = (
    ("uses", _USES),
    ("improves", _IMPROVES),
    ("is limited by", _LIMITED),
    ("is part of", _PART),
)

FACTS: tuple[tuple[str, str, str], ...] = tuple(
    (subject, relation, thing.strip())
    for relation, block in _BLOCKS
    for subject, _, things in (line.partition(": ") for line in block.strip().splitlines())
    for thing in things.split(",")
)
ENTITIES: tuple[str, ...] = tuple(
    sorted({end for subject, _, thing in FACTS for end in (subject, thing)})
)
