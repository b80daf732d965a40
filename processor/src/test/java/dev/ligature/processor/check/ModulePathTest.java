package dev.ligature.processor.check;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.ligature.processor.model.Role;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ModulePathTest {
    @ParameterizedTest
    @CsvSource({
        "q_proj, false",
        "a.b.c, false",
        "a*b.c*, false",
        "*, true",
        "*.q, true",
        "layers.*, true",
        "layers.*.q, true",
    })
    void aPathWithAnElement_isRepeated(String path, boolean isRepeated) {
        assertEquals(isRepeated, path(path).isRepeated());
    }

    @ParameterizedTest
    @CsvSource({
        "layers.*.q, layers.0.q, true",
        "layers.*.q, layers.12.q, true",
        "layers.0.q, layers.*.q, true",
        "layers.*.q, layers.*.q, true",
        "layers.*.q, layers.one.q, false",
        "layers.*.q, layers.0.k, false",
        "layers.*.q, layers.0.q.bias, false",
        "layers.*.q, layers.0, false",
        "a.1, a.2, false",
        "*.a, b.a, false",
    })
    void anElement_overlapsAnyIndexInItsPlace(String one, String other, boolean overlaps) {
        assertEquals(overlaps, path(one).overlaps(path(other)));
        assertEquals(overlaps, path(other).overlaps(path(one)));
    }

    @ParameterizedTest
    @CsvSource({
        "layers.*.q, layers.0.q, true",
        "layers.*.q, 0.q, true",
        "layers.*.q, q, true",
        "layers.*.q, layers.*.q, true",
        "layers.*.q, k, false",
        "layers.*.q, x.layers.0.q, false",
        "layers.*.q, blocks.0.q, false",
        "experts.*, experts, true",
        "experts.*, experts.3, true",
        "experts.*, moe.experts, false",
        "moe.experts.*, experts, true",
        "head, head, true",
        "model.head, head, true",
        "model.head, ead, false",
    })
    void aWrittenPath_meansAModuleThatItIsTheEndOf(String path, String written, boolean isMeant) {
        assertEquals(isMeant, path(path).isMeantBy(written));
    }

    private static ModulePath path(String path) {
        return new ModulePath(path, Role.MODULE, true, 0);
    }
}
