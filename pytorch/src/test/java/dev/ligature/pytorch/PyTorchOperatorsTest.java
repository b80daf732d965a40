package dev.ligature.pytorch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDManager;
import dev.ligature.LoraException;
import dev.ligature.ops.GradientTape;
import dev.ligature.ops.OperatorLookup;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.slf4j.event.Level;

/** Which operators a process computes with, and that a wrong one is never used. */
final class PyTorchOperatorsTest {
    private static final String PRODUCT =
            "\n  def product(self: __torch__.Operators, x: Tensor, w: Tensor) -> Tensor:\n";

    /** Loads a product of the test's in oneDNN's place. */
    private static ScriptChoice.Loader instead(String body) {
        return (name, product) ->
                product.equals("onednn")
                        ? Script.of(Script.OPERATORS, Script.text(name) + PRODUCT + body)
                        : Script.load(name, product);
    }

    @Test
    void theModule_isFound() {
        try (NDManager manager = NDManager.newBaseManager()) {
            assertInstanceOf(PyTorchOperators.class, OperatorLookup.engine(manager));
        }
    }

    @Test
    void bothProducts_passTheCheck() {
        for (String product : new String[] {"onednn", "matmul"}) {
            ScriptChoice choice = ScriptChoice.of(product, Script::load);
            assertNotNull(choice.script(), choice.reason());
        }
    }

    @Test
    void aWrongProduct_isFound_andNotUsed() {
        ScriptChoice choice =
                ScriptChoice.of(
                        "auto",
                        instead("    return torch.mul(torch.matmul(x, torch.t(w)), 1.01)\n"));
        assertNull(choice.script());
        assertEquals(Level.WARN, choice.level());
        assertTrue(choice.reason().contains("operator linear with onednn wrong"), choice.reason());
    }

    @Test
    void aProductThatIsWrongForTransposedWeightsAlone_isFound() {
        String body =
                """
                    y = torch.matmul(x, torch.t(w))
                    if torch.is_contiguous(w):
                      z = y
                    else:
                      z = torch.neg(y)
                    return z
                """;
        ScriptChoice choice = ScriptChoice.of("onednn", instead(body));
        assertNull(choice.script());
        assertTrue(choice.reason().contains("linear_backward"), choice.reason());
    }

    @Test
    void anOperatorThatTheEngineLacks_isRefused_andNotUsed() {
        ScriptChoice choice =
                ScriptChoice.of("auto", instead("    return ops.mkldnn.no_such_operator(x, w)\n"));
        assertNull(choice.script());
        assertEquals(Level.WARN, choice.level());
        assertTrue(choice.reason().contains("does not take the operators with onednn"));
    }

    @Test
    void aSlowerProduct_isNotTaken() {
        String body =
                """
                    y = torch.matmul(x, torch.t(w))
                    for i in range(20):
                      y = torch.add_(torch.mul_(y, 0.), torch.matmul(x, torch.t(w)))
                    return y
                """;
        ScriptChoice choice = ScriptChoice.of("auto", instead(body));
        assertNull(choice.script());
        assertEquals(Level.INFO, choice.level());
        assertTrue(choice.reason().contains("engine's own products"), choice.reason());
    }

    @Test
    void plain_isWithoutATape() {
        PyTorchOperators operators = new PyTorchOperators("plain");
        assertSame(OperatorLookup.plain(false), operators.serving());
        assertEquals("plain", operators.choice());
        try (NDManager manager = NDManager.newBaseManager();
                GradientTape tape = operators.record(manager)) {
            assertNull(tape);
        }
    }

    @Test
    void whatWasMeasured_canBeChosenAgain() {
        String measured = new PyTorchOperators("auto").choice();
        assertEquals(measured, new PyTorchOperators(measured).choice());
        for (String names : List.of("matmul", "attention", "onednn,rows")) {
            assertEquals(names, new PyTorchOperators(names).choice());
        }
    }

    /** Where oneDNN is not faster, what does not depend on its product is there all the same. */
    @Test
    void withoutOneDnn_generationHasItsOperators() {
        PyTorchOperators operators =
                new PyTorchOperators(
                        "auto", instead("    return ops.mkldnn.no_such_operator(x, w)\n"));
        assertInstanceOf(ServingOperators.class, operators.serving());
        assertTrue(operators.choice().startsWith("attention"), operators.choice());
        try (NDManager manager = NDManager.newBaseManager();
                GradientTape tape = operators.record(manager)) {
            assertNull(tape);
        }
    }

    @Test
    void anUnknownChoice_isAnError() {
        for (String value : List.of("fast", "onednn,matmul", "attention,", "", "auto,rows")) {
            LoraException error =
                    assertThrows(LoraException.class, () -> new PyTorchOperators(value));
            assertEquals("OperatorChoice", error.code());
            assertTrue(error.getMessage().contains('"' + value + '"'), error.getMessage());
        }
    }
}
