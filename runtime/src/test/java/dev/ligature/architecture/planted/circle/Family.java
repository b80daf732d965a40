package dev.ligature.architecture.planted.circle;

/** A sealed type that makes the classes that it permits, and so needs them. */
sealed interface Family permits FamilyMember, FamilyPair {
    static Family of(boolean pair) {
        return pair ? new FamilyPair(new FamilyMember(), new FamilyMember()) : new FamilyMember();
    }
}
