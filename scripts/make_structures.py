"""Make the structure sets that the plugin ``atoms`` carries, with ASE's EMT potential.

    python scripts/make_structures.py [SET ...] [--out FOLDER]

Every structure has a recipe and a random stream named after its set, its recipe and its number,
so that one can be made again without the others. Positions and cells are rounded before
energies and forces are computed on them: what is stored is exactly consistent. On the same
library versions the arrays come out byte for byte the same.
"""

from __future__ import annotations

import argparse
import functools
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ase import Atoms, units
from ase.build import add_adsorbate, bulk, fcc100, fcc110, fcc111
from ase.calculators.emt import EMT
from ase.cluster import Octahedron
from ase.data import atomic_numbers, reference_states

from harness import Structures, stream

SEED = 2511_10561
DECIMALS = 6
STRONGEST = 20.0
"""No force is larger, eV/Å."""
HOME = Path(__file__).parents[1] / "tasks" / "harness_atoms"
Rng = np.random.Generator


@dataclass(frozen=True)
class Metal:
    """What a set is made of: the species on the fcc sites, and the lattice constant in Å."""

    name: str
    species: tuple[str, ...]

    @property
    def a(self) -> float:
        """Mean of the lattice constants of the species."""
        return float(np.mean([reference_states[atomic_numbers[s]]["a"] for s in self.species]))

    def paint(self, atoms: Atoms, rng: Rng) -> Atoms:
        """Put the species on the sites at random, in equal shares."""
        cycle = itertools.islice(itertools.cycle(self.species), len(atoms))
        atoms.symbols[:] = rng.permutation(list(cycle))
        return atoms

    def crystal(
        self, rng: Rng, repeat: tuple[int, int, int] = (2, 2, 2), scale: float = 1.0
    ) -> Atoms:
        """An fcc supercell of cubic cells."""
        return self.paint(bulk(self.species[0], "fcc", a=self.a * scale, cubic=True) * repeat, rng)


Recipe = Callable[[Metal, Rng], Atoms]


def equilibrium(metal: Metal, rng: Rng) -> Atoms:
    """Thermal noise of a cold crystal."""
    return shaken(metal.crystal(rng, (2, 2, 1)), 0.02, rng)


def strained(metal: Metal, rng: Rng) -> Atoms:
    """A random symmetric strain of up to 6 %."""
    atoms = metal.crystal(rng, (2, 2, 1))
    strain = rng.uniform(-0.06, 0.06, (3, 3))
    atoms.set_cell(atoms.cell @ (np.eye(3) + (strain + strain.T) / 2), scale_atoms=True)
    return shaken(atoms, 0.02, rng)


def rattled(amplitude: float) -> Recipe:
    """Gaussian displacements of ``amplitude`` Å."""
    return lambda metal, rng: shaken(metal.crystal(rng, (2, 2, 1)), amplitude, rng)


def trajectory(kelvin: float, scale: float, steps: int) -> Recipe:
    """The end of a short Langevin run that begins at the crystal."""
    return lambda metal, rng: md(metal.crystal(rng, scale=scale), [(kelvin, steps)], rng)


def quenched(metal: Metal, rng: Rng) -> Atoms:
    """Molten, then cooled quickly: a disordered solid."""
    return md(metal.crystal(rng, scale=1.03), [(4000.0, 150), (1500.0, 80), (300.0, 120)], rng)


def surface(metal: Metal, rng: Rng) -> Atoms:
    """A slab with vacuum on both sides, periodic in two directions."""
    build = (fcc111, fcc100, fcc110)[rng.integers(3)]
    slab = build(metal.species[0], (2, 2, 4), a=metal.a, vacuum=6.0)
    slab.pbc = (True, True, False)
    return shaken(metal.paint(slab, rng), rng.choice([0.03, 0.1]), rng)


def adatom(metal: Metal, rng: Rng) -> Atoms:
    """One atom at a random height above a surface."""
    slab = fcc100(metal.species[0], (2, 2, 3), a=metal.a, vacuum=8.0)
    add_adsorbate(slab, metal.species[0], height=rng.uniform(1.4, 4.5), position="bridge")
    slab.pbc = (True, True, False)
    return shaken(metal.paint(slab, rng), 0.03, rng)


def cluster(metal: Metal, rng: Rng) -> Atoms:
    """A free cluster of 6 or 19 atoms."""
    atoms = Octahedron(metal.species[0], int(rng.integers(2, 4)), latticeconstant=metal.a)
    return shaken(metal.paint(Atoms(atoms), rng), rng.choice([0.05, 0.2]), rng)


def vacancy(metal: Metal, rng: Rng) -> Atoms:
    """A crystal without one of its atoms."""
    atoms = metal.crystal(rng)
    del atoms[int(rng.integers(len(atoms)))]
    return shaken(atoms, 0.05, rng)


def interstitial(metal: Metal, rng: Rng) -> Atoms:
    """A crystal with one atom too many, in an octahedral hole."""
    atoms = metal.crystal(rng, (2, 2, 1), scale=1.04)
    atoms += Atoms(metal.species[-1:], positions=[np.array([0.5, 0.5, 0.5]) * metal.a * 1.04])
    return shaken(atoms, 0.05, rng)


def compressed(metal: Metal, rng: Rng) -> Atoms:
    """A crystal at 61 to 73 % of its volume."""
    return shaken(metal.crystal(rng, (2, 2, 1), scale=rng.uniform(0.85, 0.9)), 0.1, rng)


def dimer(metal: Metal, rng: Rng) -> Atoms:
    """Two atoms and nothing else, at 0.8 to 1.4 of the distance of neighbours in the crystal."""
    first, second = rng.choice(metal.species, 2)
    return Atoms(
        [first, second], positions=[[0, 0, 0], [0, 0, rng.uniform(0.8, 1.4) * metal.a / np.sqrt(2)]]
    )


COMMON: tuple[tuple[str, Recipe, int], ...] = (
    ("equilibrium", equilibrium, 16),
    ("strained", strained, 14),
    ("rattled-0.05", rattled(0.05), 12),
    ("rattled-0.15", rattled(0.15), 6),
    ("rattled-0.25", rattled(0.25), 3),
    ("md-300K", trajectory(300.0, 1.0, 60), 12),
    ("md-900K", trajectory(900.0, 1.01, 60), 6),
    ("liquid", trajectory(4000.0, 1.04, 200), 5),
    ("quenched", quenched, 3),
    ("surface", surface, 10),
    ("cluster", cluster, 6),
    ("vacancy", vacancy, 4),
)
RARE: tuple[tuple[str, Recipe, int], ...] = (
    ("adatom", adatom, 3),
    ("interstitial", interstitial, 2),
    ("compressed", compressed, 2),
    ("dimer", dimer, 3),
)

SETS: dict[str, tuple[Metal, ...]] = {
    "copper": (Metal("Cu", ("Cu",)),),
    "copper-gold": (Metal("CuAu", ("Cu", "Au")), Metal("Cu3Au", ("Cu", "Cu", "Cu", "Au"))),
    "metals": tuple(
        Metal("".join(s), s) for s in (("Al",), ("Ni",), ("Pt",), ("Ag", "Pd"), ("Al", "Ni"))
    ),
}


def shaken(atoms: Atoms, amplitude: float, rng: Rng) -> Atoms:
    """Displace every atom by a Gaussian of ``amplitude`` Å per direction."""
    atoms.positions += rng.normal(scale=amplitude, size=(len(atoms), 3))
    return atoms


def md(atoms: Atoms, stages: list[tuple[float, int]], rng: Rng) -> Atoms:
    """Langevin dynamics at 5 fs a step: (temperature in K, steps) one after the other."""
    # Our own integrator (BAOAB): the data do not depend on how an ASE version draws its noise.
    dt, keep = 5 * units.fs, np.exp(-5 * 0.05)
    mass = atoms.get_masses()[:, None]

    def noise(kelvin: float) -> np.ndarray:
        return np.sqrt(units.kB * kelvin / mass) * rng.normal(size=(len(atoms), 3))

    atoms.calc = EMT()
    velocity, force = noise(stages[0][0]), atoms.get_forces()
    for kelvin, steps in stages:
        for _ in range(steps):
            velocity += dt / 2 * force / mass
            atoms.positions += dt / 2 * velocity
            velocity = keep * velocity + np.sqrt(1 - keep**2) * noise(kelvin)
            atoms.positions += dt / 2 * velocity
            force = atoms.get_forces()
            velocity += dt / 2 * force / mass
    return atoms


def plan(name: str) -> Iterator[tuple[Metal, str, Recipe, int]]:
    """What a set holds, in order: metal, label, recipe, running number of the recipe."""
    metals = SETS[name]
    for label, recipe, count in COMMON + RARE:
        for i in range(count):
            yield metals[i % len(metals)], label, recipe, i


def make(
    name: str, metal: Metal, label: str, recipe: Recipe, i: int
) -> tuple[Atoms, float, np.ndarray]:
    """One structure, rounded, with its energy (eV) and forces (eV/Å)."""
    rng = stream(SEED, name, metal.name, label, str(i))
    while True:
        made = recipe(metal, rng)
        made.wrap()
        cell = np.round(made.cell[:] * made.pbc[:, None], DECIMALS) + 0.0
        atoms = Atoms(
            made.numbers, np.round(made.positions, DECIMALS) + 0.0, cell=cell, pbc=made.pbc
        )
        atoms.calc = EMT()
        forces = atoms.get_forces()
        # A rattle or mixed cell that pushes two atoms into each other: draw again.
        if np.linalg.norm(forces, axis=1).max() < STRONGEST:
            return atoms, atoms.get_potential_energy(), forces


def structures(name: str, chosen: slice = slice(None)) -> Structures:
    """A set, or a slice of it."""
    rows = list(plan(name))[chosen]
    made = [make(name, *row) for row in rows]
    return Structures(
        numbers=np.concatenate([atoms.numbers for atoms, _, _ in made]),
        positions=np.concatenate([atoms.positions for atoms, _, _ in made]),
        offsets=np.concatenate([[0], np.cumsum([len(atoms) for atoms, _, _ in made])]),
        cells=np.array([atoms.cell[:] for atoms, _, _ in made]),
        pbc=np.array([atoms.pbc for atoms, _, _ in made]),
        energies=np.array([energy for _, energy, _ in made]),
        forces=np.concatenate([forces for _, _, forces in made]),
        groups=tuple(label for _, label, _, _ in rows),
    )


def main() -> None:
    """Write the sets that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("sets", nargs="*", default=list(SETS), metavar="SET", help=", ".join(SETS))
    parser.add_argument("--out", type=Path, default=HOME, help="folder to write to")
    args = parser.parse_args()
    say = functools.partial(print, flush=True)
    for name in args.sets:
        made = structures(name)
        path = args.out / f"{name}.npz"
        made.save(path)
        path.chmod(0o644)
        say(
            f"{name}: {made.n} structures, {len(made.numbers)} environments, "
            f"{made.fingerprint()[:19]}"
        )


if __name__ == "__main__":
    main()
